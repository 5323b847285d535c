"""The Method value: one compared system, as data and five functions."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from mmannot_tf.config.methods import MethodSettings
from mmannot_tf.data.arrays import targets_of
from mmannot_tf.data.tag_lists import multi_hot

Arrays = Mapping[str, np.ndarray]
Tensors = Mapping[str, tf.Tensor]
PerExampleLoss = Callable[[Tensors, Any], tf.Tensor]
"""(targets, outputs) → the loss of each example, `[B]`."""


@dataclass(frozen=True)
class Sizes:
    """The sizes of a method's network.

    Attributes:
        features: shape of one image's feature: (D,), or (P, D) for a map's P places.
        labels: C, the number of labels.
        tags: T, the size of the tag vocabulary.
    """

    features: tuple[int, ...]
    labels: int
    tags: int


@dataclass(frozen=True, eq=False)
class MethodData:
    """What a method may read of one split, in the records' order.

    Attributes:
        features: of the stages the method reads, float32 [N, D] or [N, P, D].
        tag_lists: int32 [N, L], in the format of `data.tag_lists`.
        labels: multi-hot ground truth, uint8 [N, C]. Only targets and what is counted on the training split
            may be made from them.
        vocabulary: T, the number of tags there are.
        unknown: the labels of which nothing is known, bool [N, C]; None where all are known.
    """

    features: np.ndarray
    tag_lists: np.ndarray
    labels: np.ndarray
    vocabulary: int
    unknown: np.ndarray | None = None

    @property
    def targets(self) -> np.ndarray:
        """Targets of the labels; see `data.arrays.targets_of`."""
        return targets_of(self.labels, self.unknown)

    @functools.cached_property
    def tags(self) -> np.ndarray:
        """Multi-hot tags, uint8 [N, T], for what predicts every one of them."""
        return multi_hot(self.tag_lists, self.vocabulary)


@dataclass(frozen=True, eq=False)
class Examples:
    """Inputs and targets of a method's network, ready for batches.

    Attributes:
        inputs: name → [N, …]. Whole numbers of 32 and 64 bits stay what they are, all else becomes float32.
        targets: name → [N, …], likewise.
        finish: applied in graph to each batch of (inputs, targets), for look-ups that are cheaper by batch.
        lengths: [N], by which batches are bucketed: each holds examples of similar length; None for none.
    """

    inputs: Arrays
    targets: Arrays
    finish: Callable[[Tensors, Tensors], tuple[Tensors, Tensors]] | None = None
    lengths: np.ndarray | None = None


@dataclass(frozen=True)
class Method:
    """One compared system on this run's features, splits and evaluation.

    Attributes:
        name: its stage, its section `methods.NAME` and its scorer in the predictions.
        citation: who published it, where, and the arXiv number.
        reads: its inputs, in words: "image", "image, tags".
        predicts_quantity: whether it decides how many labels to give.
        differs: the differences from the original, one phrase each.
        build: the trainable network: reads `Examples.inputs`, the only one itself, several as a dict by name;
            returns what `loss` takes.
        loss: (settings) → (targets, outputs) → the loss of each example [B].
        prepare: (data of a split by its name, the split, settings) → its examples. Data of "train" is
            always there.
        scores: (network, settings) → a model from the same inputs to what ranks the labels, [B, C] float32.
            A method that decodes label sets itself gives the labels it hands out scores above 0, the earlier
            the higher, and exactly 0 to all others.
        adapt: (network, the training split, settings): fits what is not learned (called once with the
            training split before the first step; saved with the weights); None for nothing.
        needs_whole_sets: whether it learns whole sets of labels, and so cannot leave out labels of which
            nothing is known.
    """

    name: str
    citation: str
    reads: str
    predicts_quantity: bool
    differs: tuple[str, ...]
    build: Callable[[Sizes, Any], keras.Model]
    loss: Callable[[Any], PerExampleLoss]
    prepare: Callable[[Callable[[str], MethodData], str, Any], Examples]
    scores: Callable[[keras.Model, Any], keras.Model]
    adapt: Callable[[keras.Model, MethodData, Any], None] | None = None
    needs_whole_sets: bool = False


def features_and_labels(data: Callable[[str], MethodData], split: str, _: MethodSettings) -> Examples:
    """Examples of a method that reads the image alone: {"features"} to {"labels"}."""
    of_split = data(split)
    return Examples({"features": of_split.features}, {"labels": of_split.targets})


def loss_of_labels(loss: keras.losses.Loss) -> PerExampleLoss:
    """The loss of a method with one output, compared with the labels."""
    return lambda targets, outputs: loss.call(targets["labels"], outputs)


def sigmoid_scores(network: keras.Model, _: MethodSettings) -> keras.Model:
    """Probabilities from a network whose one output is a logit for each label."""
    return keras.Model(network.input, keras.ops.sigmoid(network.output), name=f"{network.name}_scores")
