"""TagNeighbour: an image and its nearest neighbours by tags.

Johnson, Ballan and Fei-Fei, "Love Thy Neighbors: Image Annotation by Exploiting Image Metadata" (ICCV 2015,
arXiv 1508.07647). Tags only choose the neighbours; what the network reads are features φ. Of the M nearest
images, m are drawn, z:

    h_x = relu(W_x φ(x) + b_x),  h_z = max over the m of relu(W_z φ(z) + b_z),  s = W_y [h_x, h_z] + b_y
"""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from mmannot_tf.baselines.method import (
    Examples,
    Method,
    MethodData,
    PerExampleLoss,
    Sizes,
    Tensors,
    loss_of_labels,
)
from mmannot_tf.baselines.tag_search import nearest
from mmannot_tf.config.methods import TagNeighbour
from mmannot_tf.data.tag_lists import stacked
from mmannot_tf.losses.sigmoid_cross_entropy import SigmoidCrossEntropy
from tfrecords_tools.shell.console import notice

_POOLS = {"train": ("train",), "all": ("train", "validation", "test")}


@keras.saving.register_keras_serializable(package="mmannot_tf")
class NeighbourDraw(keras.layers.Layer):
    """Draws some of each image's neighbours: at random in training, else the nearest.

    Args:
        drawn: m, how many.
        seed: of the draws; None takes one from Keras' global seed.
        **options: keyword arguments of `keras.layers.Layer`.
    """

    def __init__(self, drawn: int, *, seed: int | None = None, **options: Any):
        super().__init__(**options)
        self.drawn, self.seed = drawn, seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, neighbours: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Draws from `[B, M, D] float32`, nearest first: without replacement, `[B, m, D] float32`."""
        if not training:
            return neighbours[:, : self.drawn]
        lots = keras.random.uniform(tf.shape(neighbours)[:2], seed=self.seed_generator)
        chosen = tf.math.top_k(lots, self.drawn).indices
        return tf.gather(neighbours, chosen, axis=1, batch_dims=1)

    def get_config(self) -> dict[str, object]:
        """The arguments that make an equal layer."""
        return {**super().get_config(), "drawn": self.drawn, "seed": self.seed}


def build(sizes: Sizes, settings: TagNeighbour) -> keras.Model:
    """A logit for each label from {"features": [B, D], "neighbours": [B, M, D]}: `[B, C] float32`."""
    feature = sizes.features[0]
    features = keras.Input((feature,), name="features")
    neighbours = keras.Input((settings.neighbours, feature), name="neighbours")
    image = keras.layers.Dense(settings.hidden, activation="relu", name="image")(features)
    drawn = NeighbourDraw(settings.drawn, name="draw")(neighbours)
    each = keras.layers.Dense(settings.hidden, activation="relu", name="neighbour")(drawn)
    image = keras.layers.Dropout(settings.dropout, name="image_dropout")(image)
    each = keras.layers.Dropout(settings.dropout, name="neighbour_dropout")(each)
    both = keras.ops.concatenate([image, keras.ops.max(each, axis=1)], axis=-1)
    logits = keras.layers.Dense(sizes.labels, dtype="float32", name="logits")(both)
    return keras.Model({"features": features, "neighbours": neighbours}, logits, name="tag_neighbour")


def loss(_: TagNeighbour) -> PerExampleLoss:
    """Sigmoid cross-entropy, summed over the labels."""
    return loss_of_labels(SigmoidCrossEntropy("sum"))


def prepare(data: Callable[[str], MethodData], split: str, settings: TagNeighbour) -> Examples:
    """Examples whose `finish` looks the features of the M nearest images by tags up, a batch at a time.

    Inputs {"features": float32 [N, D], "neighbours": int32 [N, M]} become {"features": [B, D], "neighbours":
    [B, M, D]}; targets are {"labels"}. No label is read to choose neighbours. How many images got random ones
    is reported.

    Raises:
        UserError: the pool has too few images.
    """
    names = _POOLS[settings.pool]
    splits = {name: data(name) for name in dict.fromkeys((split, *names))}
    of_split, pool = splits[split], [splits[name] for name in names]
    neighbours = nearest(
        of_split.tag_lists,
        stacked([part.tag_lists for part in pool]),
        settings.neighbours,
        own=sum(len(part.tag_lists) for part in pool[: names.index(split)]) if split in names else None,
    )
    if neighbours.untagged or neighbours.filled:
        notice(
            f"tag_neighbour: of {len(neighbours.indices):,} {split} images, {neighbours.untagged:,} have no "
            f"tag of the vocabulary, and {neighbours.filled:,} share one with fewer than "
            f"{settings.neighbours} images: their missing neighbours are drawn at random"
        )
    with tf.device("CPU"):
        features = tf.concat([tf.constant(part.features, tf.float32) for part in pool], axis=0)

    def finish(inputs: Tensors, targets: Tensors) -> tuple[Tensors, Tensors]:
        return {**inputs, "neighbours": tf.gather(features, inputs["neighbours"])}, targets

    inputs = {"features": of_split.features, "neighbours": neighbours.indices}
    return Examples(inputs, {"labels": of_split.targets}, finish=finish)


def draws(settings: TagNeighbour) -> np.ndarray:
    """The draws that scores are averaged over, the same for all images: ranks below M, int [draws, m]."""
    ranks = np.tile(np.arange(settings.neighbours), (settings.draws, 1))
    return np.random.default_rng(0).permuted(ranks, axis=1)[:, : settings.drawn]


def scores(network: keras.Model, settings: TagNeighbour) -> keras.Model:
    """The mean over `draws` of the sigmoid scores, from the network's own inputs and layers: `[B, C]`."""
    image = network.get_layer("image")(network.input["features"])
    each = network.get_layer("neighbour")(network.input["neighbours"])
    around = keras.ops.max(keras.ops.take(each, draws(settings), axis=1), axis=2)
    image = keras.ops.repeat(image[:, None], settings.draws, axis=1)
    logits = network.get_layer("logits")(keras.ops.concatenate([image, around], axis=-1))
    mean = keras.ops.mean(keras.ops.sigmoid(logits), axis=1)
    return keras.Model(network.input, mean, name="tag_neighbour_scores")


METHOD = Method(
    name="tag_neighbour",
    citation="Johnson, Ballan and Fei-Fei, ICCV 2015, arXiv 1508.07647",
    reads="image, tags",
    predicts_quantity=False,
    differs=(
        "the feature is this run's fine-tuned CNN's; there it is an ImageNet CNN's",
        "neighbours come from the training split unless pool is all; there from all images, test included",
        "tags are of this run's vocabulary",
        "weight decay is the run's training.weight_decay; there L2 of 3e-5",
        "the draws that scores are averaged over are fixed, and the same for all images",
    ),
    build=build,
    loss=loss,
    prepare=prepare,
    scores=scores,
)
