"""SINN: labels and tags as two layers of concepts that inform each other along the edges of a label graph.

Hu et al., "Learning Structured Inference Neural Networks with Label Relations" (CVPR 2016, arXiv 1511.05616).

Layer t = 1 holds the labels, t = 2 the tags. x_t are its concepts' logits: W_t · cnn + b, or the inverse
sigmoid of observed concepts, taken for 1 - ε and ε. γ is the ReLU, a→ goes from labels to tags, a← back:

    a→_t = γ(V+_{t-1,t} a→_{t-1}) - γ(V-_{t-1,t} a→_{t-1}) + γ(H+→_t x_t) - γ(H-→_t x_t) + b→_t
    a←_t = γ(V+_{t+1,t} a←_{t+1}) - γ(V-_{t+1,t} a←_{t+1}) + γ(H+←_t x_t) - γ(H-←_t x_t) + b←_t
    a_t = U→_t a→_t + U←_t a←_t + b_t

V and H have entries only on the graph's edges: positive between concepts that at least `least_cooccurrence`
training images share, negative between those that none shares, if of some image both are known. To itself, a
concept has an edge of each sign.
"""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from mmannot_tf.baselines.method import Examples, Method, MethodData, PerExampleLoss, Sizes
from mmannot_tf.config.methods import Sinn
from mmannot_tf.losses.sigmoid_cross_entropy import SigmoidCrossEntropy
from mmannot_tf.losses.summed import SummedLoss

EPSILON = 0.05
"""ε of an observed concept (ours): logits of ±2.9."""


class _MaskedDense(keras.layers.Layer):
    """γ(x (K ⊙ M)), `[B, n]` to `[B, units]`, with a mask M that is saved but not trained."""

    def __init__(self, units: int, initializer: keras.initializers.Initializer, *, name: str):
        super().__init__(name=name)
        self.units = units
        self.initializer = initializer

    def build(self, shape: tuple[int | None, ...]) -> None:
        size = (shape[-1], self.units)
        self.kernel = self.add_weight(name="kernel", shape=size, initializer=self.initializer)
        self.mask = self.add_weight(name="mask", shape=size, initializer="ones", trainable=False)

    def call(self, x: Any) -> Any:
        return keras.ops.relu(keras.ops.matmul(x, self.kernel * self.mask))


@keras.saving.register_keras_serializable(package="mmannot_tf")
class ConceptLayer(keras.layers.Layer):
    """a_t of one pass, `[B, n]`, from x_t and, past the pass's first layer, the one before: [x_t, a_{t-1}].

    H+ starts as the identity, H- as its negative and V near zero, so that a_t starts as x_t (ours). Observed
    tags are nearly all absent: random weights would turn them into one large constant.

    Args:
        concepts: n.
        first: whether the layer is the first of its pass, which has no V.
        **options: keyword arguments of `keras.layers.Layer`.
    """

    def __init__(self, concepts: int, *, first: bool, **options: Any):
        super().__init__(**options)
        self.concepts = concepts
        self.first = first
        self.h = tuple(
            _MaskedDense(concepts, keras.initializers.Identity(gain), name=name)
            for name, gain in (("h_positive", 1.0), ("h_negative", -1.0))
        )
        self.v = tuple(
            _MaskedDense(concepts, keras.initializers.RandomNormal(stddev=1e-3), name=name)
            for name in (() if first else ("v_positive", "v_negative"))
        )

    def build(self, shapes: list[tuple[int | None, ...]]) -> None:
        """Makes H, V and b."""
        for shape, signed in zip(shapes, (self.h, self.v), strict=False):
            for dense in signed:
                dense.build(shape)
        self.bias = self.add_weight(name="bias", shape=(self.concepts,), initializer="zeros")

    def call(self, inputs: list[Any]) -> Any:
        """Computes a_t from [x_t, a_{t-1}], or from [x_t] alone in the first layer of a pass."""
        terms = zip(inputs, (self.h, self.v), strict=False)  # H reads x_t, V reads a_{t-1}
        return sum(positive(x) - negative(x) for x, (positive, negative) in terms) + self.bias

    def get_config(self) -> dict[str, object]:
        """The arguments that make an equal layer."""
        return {**super().get_config(), "concepts": self.concepts, "first": self.first}


def observed_logits(observed: Any) -> Any:
    """log(p / (1 - p)) with p = 1 - ε for a present concept and ε for an absent one; any shape."""
    return (2.0 * observed - 1.0) * float(np.log((1.0 - EPSILON) / EPSILON))


def label_graph(data: MethodData, *, least: int, block: int = 8192) -> tuple[np.ndarray, np.ndarray]:
    """The edges among all concepts, labels first.

    Args:
        data: the training split.
        least: the fewest images that two concepts with a positive edge share.
        block: images counted at a time, which bounds the memory.

    Returns:
        Whether an edge is positive and whether it is negative, each `[C + T, C + T] bool`, symmetric.
    """
    concepts = data.labels.shape[1] + data.tags.shape[1]
    shared, known = np.zeros((concepts, concepts)), np.zeros((concepts, concepts))
    for start in range(0, len(data.labels), block):
        images = slice(start, start + block)
        targets = np.hstack([data.targets[images], data.tags[images]])
        shared += _pairs(targets > 0)
        known += 1 if data.unknown is None else _pairs(targets >= 0)
    itself = np.eye(concepts, dtype=bool)
    return (shared >= least) | itself, ((shared == 0) & (known > 0)) | itself


def _pairs(concepts: np.ndarray) -> np.ndarray:
    """How many images have both concepts of each pair, from bool [N, K]: [K, K] float32."""
    present = concepts.astype(np.float32)
    return present.T @ present


def adapt(network: keras.Model, data: MethodData, settings: Sinn) -> None:
    """Sets all masks to the graph of the training split."""
    count = data.labels.shape[1]
    labels, tags = slice(0, count), slice(count, None)
    graph = label_graph(data, least=settings.least_cooccurrence)
    for name, t, before in (
        ("down_labels", labels, None),
        ("down_tags", tags, labels),
        ("up_tags", tags, None),
        ("up_labels", labels, tags),
    ):
        layer = network.get_layer(name)
        for source, signed in ((t, layer.h), (before, layer.v)):
            for dense, edges in zip(signed, graph, strict=False):
                dense.mask.assign(edges[source, t].astype(np.float32))


def build(sizes: Sizes, settings: Sinn) -> keras.Model:
    """The two passes and their sum.

    Reads features `[B, D]` and, where they are observed, multi-hot tags `[B, T]`; gives the logits a_1 of
    "labels" `[B, C]` and a_2 of "tags" `[B, T]`.
    """
    features = keras.Input(sizes.features, name="features")
    x_1 = keras.layers.Dense(sizes.labels, name="x_labels")(features)
    if settings.observed == "tags":
        tags = keras.Input((sizes.tags,), name="tags")
        inputs, x_2 = {"features": features, "tags": tags}, observed_logits(tags)
    else:
        inputs, x_2 = features, keras.layers.Dense(sizes.tags, name="x_tags")(features)
    down_1 = ConceptLayer(sizes.labels, first=True, name="down_labels")([x_1])
    down_2 = ConceptLayer(sizes.tags, first=False, name="down_tags")([x_2, down_1])
    up_2 = ConceptLayer(sizes.tags, first=True, name="up_tags")([x_2])
    up_1 = ConceptLayer(sizes.labels, first=False, name="up_labels")([x_1, up_2])
    outputs = {"labels": _sum_of_passes(down_1, up_1, "labels"), "tags": _sum_of_passes(down_2, up_2, "tags")}
    return keras.Model(inputs, outputs, name="sinn")


def _sum_of_passes(down: Any, up: Any, name: str) -> Any:
    """U→ a→ + U← a← + b; both U start as half the identity: the mean of the passes (ours)."""
    half = keras.initializers.Identity(gain=0.5)
    u_down = keras.layers.Dense(down.shape[-1], kernel_initializer=half, name=f"u_down_{name}")
    u_up = keras.layers.Dense(up.shape[-1], kernel_initializer=half, use_bias=False, name=f"u_up_{name}")
    return keras.layers.Add(name=f"a_{name}")([u_down(down), u_up(up)])


def loss(_: Sinn) -> PerExampleLoss:
    """Sigmoid cross-entropy, summed over the concepts of both layers."""
    cross_entropy = SigmoidCrossEntropy("sum")
    return SummedLoss({"labels": cross_entropy, "tags": cross_entropy}).call


def prepare(data: Callable[[str], MethodData], split: str, settings: Sinn) -> Examples:
    """{"features"} and, where they are observed, {"tags"}, to {"labels", "tags"}."""
    of_split = data(split)
    observed = {"tags": of_split.tags} if settings.observed == "tags" else {}
    targets = {"labels": of_split.targets, "tags": of_split.tags}
    return Examples({"features": of_split.features, **observed}, targets)


def scores(network: keras.Model, _: Sinn) -> keras.Model:
    """Probabilities of the labels, `[B, C]`."""
    probabilities = keras.ops.sigmoid(network.output["labels"])
    return keras.Model(network.input, probabilities, name=f"{network.name}_scores")


METHOD = Method(
    name="sinn",
    citation="Hu et al., CVPR 2016, arXiv 1511.05616",
    reads="image, tags",
    predicts_quantity=False,
    differs=(
        "two layers, labels and tags; the 698 groups of NUS-WIDE are absent",
        "the label graph is of co-occurrence in the training split alone, without WordNet",
        "the feature is of this run's fine-tuned CNN",
        "observed tags are given in training as in the test, so nothing predicts tags from the image",
        "ε of observed concepts, initial weights and step sizes are ours",
    ),
    build=build,
    loss=loss,
    prepare=prepare,
    scores=scores,
    adapt=adapt,
)
