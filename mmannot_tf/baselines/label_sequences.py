"""Label sets as sequences, the training data of the RNN systems.

A label's id is its index, 0 … C - 1. The id C is the boundary: where a sequence is an input it is the start,
where it is a target it is the stop, and after an image's last step it pads both. Only the lengths
tell what is padding.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from mmannot_tf.baselines.method import Examples, MethodData, Tensors
from mmannot_tf.config.methods import LabelOrder


@dataclass(frozen=True, eq=False)
class LabelSequences:
    """The label sequences of N images.

    Attributes:
        steps: ids to predict one after the other, padded with C, int32 [N, L].
        lengths: how many steps of each image count, the stop included where there is one, int32 [N].
    """

    steps: np.ndarray
    lengths: np.ndarray


def label_order(labels: np.ndarray, order: LabelOrder) -> np.ndarray:
    """Label indices in the order in which they enter sequences, int [C].

    Args:
        labels: multi-hot labels of the training split, [N, C].
        order: by how many training images have a label; of equally many, the smaller index first.
    """
    counts = labels.sum(axis=0, dtype=np.int64)
    return np.argsort(-counts if order == "frequent_first" else counts, kind="stable")


def label_sequences(labels: np.ndarray, order: np.ndarray, *, stop: bool) -> LabelSequences:
    """Each image's labels as a sequence.

    Args:
        labels: multi-hot, [N, C].
        order: from `label_order`.
        stop: whether every sequence ends with the stop.
    """
    images, places = np.nonzero(labels[:, order])
    counts = np.bincount(images, minlength=len(labels))
    steps = np.full((len(labels), max(1, counts.max(initial=0) + stop)), labels.shape[1], np.int32)
    column = np.arange(len(images)) - np.repeat(np.cumsum(counts) - counts, counts)
    steps[images, column] = order[places]
    return LabelSequences(steps, (counts + stop).astype(np.int32))


def sequence_examples(
    data: Callable[[str], MethodData], split: str, order: LabelOrder, *, stop: bool
) -> Examples:
    """{"features", "sequence" int32 [N, L]} to {"sequence" int32 [N, L], "length" int32 [N]}.

    In the training split the input sequence is the target's, one step later, behind the start. In others it
    is all boundary, so that nothing a network reads comes from labels to be predicted, and batches are
    neither bucketed nor trimmed: losses there mean nothing.
    """
    of_split = data(split)
    sequences = label_sequences(of_split.labels, label_order(data("train").labels, order), stop=stop)
    targets = {"sequence": sequences.steps, "length": sequences.lengths}
    boundary = np.full_like(sequences.steps, of_split.labels.shape[1])
    if split != "train":
        return Examples({"features": of_split.features, "sequence": boundary}, targets)
    shifted = np.concatenate([boundary[:, :1], sequences.steps[:, :-1]], axis=1)
    inputs = {"features": of_split.features, "sequence": shifted}
    return Examples(inputs, targets, finish=trimmed, lengths=sequences.lengths)


def trimmed(inputs: Tensors, targets: Tensors) -> tuple[Tensors, Tensors]:
    """A batch without the padding none of its sequences needs, in graph.

    Its sequences keep the smallest power of two ≥ 2 of steps that holds the longest, or all L if that is
    less: so there are few different shapes.
    """
    padded = targets["sequence"].shape[1]
    widths = tf.constant(
        [*(2**power for power in range(1, padded.bit_length()) if 2**power < padded), padded]
    )
    width = tf.reduce_min(tf.boolean_mask(widths, widths >= tf.reduce_max(targets["length"])))
    return (
        {**inputs, "sequence": inputs["sequence"][:, :width]},
        {**targets, "sequence": targets["sequence"][:, :width]},
    )


def sequence_cross_entropy(targets: Tensors, logits: tf.Tensor) -> tf.Tensor:
    """L_RNN = -Σ_t log p(l_t), over the steps of an image that count; one value an example.

    Args:
        targets: "sequence", ids [B, L], and "length", how many of its steps count [B].
        logits: of each step's softmax, [B, L, V] float32: over the labels (V = C) or the labels and the stop
            (V = C + 1).

    Returns:
        [B] float32; 0 for an image without a step.
    """
    counts = tf.sequence_mask(targets["length"], tf.shape(logits)[1])
    steps = tf.where(counts, targets["sequence"], 0)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=steps, logits=logits)
    return tf.reduce_sum(tf.where(counts, losses, 0.0), axis=-1)
