"""ML-Decoder: a query for each label attends to the places of the CNN's last map. Later work.

Ridnik et al., "ML-Decoder: Scalable and Versatile Classification Head" (WACV 2023, arXiv 2111.12933).
The head is one layer of a transformer's decoder without its self-attention; its loss is the asymmetric one.
"""

from typing import Any

import keras

from mmannot_tf.baselines.asl import loss
from mmannot_tf.baselines.method import Method, Sizes, features_and_labels, sigmoid_scores
from mmannot_tf.config.methods import MlDecoder


@keras.saving.register_keras_serializable(package="mmannot_tf")
class LabelQueries(keras.layers.Layer):
    """C random query vectors, one a label and the same for each image. They are not trained.

    Args:
        queries: C.
        width: W, the size of each.
        **options: keyword arguments of `keras.layers.Layer`.
    """

    def __init__(self, queries: int, width: int, **options: Any):
        super().__init__(**options)
        self.queries = queries
        self.width = width

    def build(self, _: tuple[int | None, ...]) -> None:
        """Draws the vectors from the standard normal distribution, as torch draws embeddings."""
        self.vectors = self.add_weight(
            name="vectors",
            shape=(self.queries, self.width),
            initializer=keras.initializers.RandomNormal(stddev=1.0),
            trainable=False,
        )

    def call(self, images: Any) -> Any:
        """The vectors for each of the B images in `images`, `[B, …]`: `[B, C, W]`."""
        return keras.ops.repeat(self.vectors[None], keras.ops.shape(images)[0], axis=0)

    def get_config(self) -> dict[str, object]:
        """The arguments that make an equal layer."""
        return {**super().get_config(), "queries": self.queries, "width": self.width}


def build(sizes: Sizes, settings: MlDecoder) -> keras.Model:
    """A logit for each label from the P places of a map: `[B, P, D]` to `[B, C]`."""
    places = keras.Input(sizes.features, name="places")
    memory = keras.layers.Dense(settings.width, activation="relu", name="projection")(places)
    queries = LabelQueries(sizes.labels, settings.width, name="queries")(places)
    decoded = _decoder_layer(queries, memory, settings)
    logits = keras.layers.EinsumDense(
        "bcw,cw->bc", (sizes.labels,), bias_axes="c", kernel_initializer="glorot_normal", name="logits"
    )
    return keras.Model(places, logits(decoded), name="ml_decoder")


def _decoder_layer(queries: Any, memory: Any, settings: MlDecoder) -> Any:
    """Dropout instead of self-attention, then cross-attention and feed-forward: `[B, C, W]`."""
    attention = keras.layers.MultiHeadAttention(
        settings.heads, settings.width // settings.heads, dropout=settings.dropout, name="attention"
    )
    x = _add_and_norm(queries, queries, settings, name="query")
    x = _add_and_norm(x, attention(x, memory), settings, name="attention")
    hidden = keras.layers.Dense(settings.feed_forward, activation="relu", name="feed_forward_hidden")(x)
    hidden = keras.layers.Dropout(settings.dropout, name="feed_forward_hidden_dropout")(hidden)
    y = keras.layers.Dense(settings.width, name="feed_forward")(hidden)
    return _add_and_norm(x, y, settings, name="feed_forward")


def _add_and_norm(x: Any, y: Any, settings: MlDecoder, *, name: str) -> Any:
    """LayerNorm(x + Dropout(y)); torch's epsilon."""
    y = keras.layers.Dropout(settings.dropout, name=f"{name}_dropout")(y)
    x = keras.layers.Add(name=f"{name}_add")([x, y])
    return keras.layers.LayerNormalization(epsilon=1e-5, name=f"{name}_norm")(x)


METHOD = Method(
    name="ml_decoder",
    citation="Ridnik et al., WACV 2023, arXiv 2111.12933 (later work)",
    reads="image",
    predicts_quantity=False,
    differs=(
        "the head alone is trained, on the map of this run's fine-tuned CNN; there the CNN is trained too",
        "one query a label always; there, with more labels, 100 queries decode a group of labels each",
        "the gradient also flows through the focusing weights of its loss; the authors' code stops it",
        "this run's optimizer at a constant rate; there Adam with a one-cycle rate, and averaged weights",
    ),
    build=build,
    loss=loss,
    prepare=features_and_labels,
    scores=sigmoid_scores,
)
