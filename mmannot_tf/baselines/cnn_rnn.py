"""CNN-RNN: a path of labels from an LSTM, fused with the image into the space of label vectors.

Wang et al., "CNN-RNN: A Unified Framework for Multi-label Image Classification" (CVPR 2016, arXiv
1604.04573). Labels enter frequent first (the seed paper says rare first); `methods.cnn_rnn.order` decides. A
path has as many labels as the printed rows, for every image.
"""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from mmannot_tf.baselines.label_decoder import LabelLstm, LabelPaths, Shape, State, sequence_network
from mmannot_tf.baselines.label_sequences import sequence_cross_entropy, sequence_examples
from mmannot_tf.baselines.method import Examples, Method, MethodData, PerExampleLoss, Sizes
from mmannot_tf.config.methods import CnnRnn


class FusionDecoder(keras.layers.Layer):
    """A decoder over labels without a stop: x_t = relu(U_o o(t) + U_I I), s(t) = U_lᵀ x_t.

    U_l, the labels' vectors, are the rows of the LSTM's table except the start's. The LSTM starts at 0.

    Args:
        labels: C.
        embedding: E, size of a label's vector.
        units: U, of the LSTM.
        **options: keyword arguments of `keras.layers.Layer`.
    """

    def __init__(self, labels: int, *, embedding: int, units: int, **options: Any):
        super().__init__(**options)
        self.labels, self.units = labels, units
        self.lstm = LabelLstm(labels, embedding=embedding, units=units, name="label_lstm")
        self.from_output = keras.layers.Dense(embedding, use_bias=False, name="U_o")
        self.from_image = keras.layers.Dense(embedding, use_bias=False, name="U_I")

    def build(self, sequence_shape: Shape, context_shape: Shape) -> None:
        """Makes all weights."""
        self.lstm.build(sequence_shape, (None, self.units), (None, self.units))
        self.from_output.build((None, self.units))
        self.from_image.build(context_shape)

    def call(self, sequence: tf.Tensor, context: tf.Tensor) -> tf.Tensor:
        """Logits of each step: int32 `[B, L]` and features I, `[B, D]`, to `[B, L, C] float32`."""
        hidden, cell, image = self.start(context)
        return self._logits(self.lstm(sequence, hidden, cell), image[:, tf.newaxis])

    def start(self, context: tf.Tensor) -> State:
        """Hidden state and cell before the first step, `[B, U]`, and U_I I, `[B, E]`."""
        image = self.from_image(context)
        zeros = tf.zeros([tf.shape(image)[0], self.units], image.dtype)
        return [zeros, zeros, image]

    def step(self, tokens: tf.Tensor, state: State) -> tuple[tf.Tensor, State]:
        """Logits after one more token each, int32 `[B]`: `[B, C] float32`; and the state."""
        hidden, cell, image = state
        hidden, cell = self.lstm.step(tokens, hidden, cell)
        return self._logits(hidden, image), [hidden, cell, image]

    def _logits(self, output: tf.Tensor, image: tf.Tensor) -> tf.Tensor:
        fused = tf.nn.relu(self.from_output(output) + image)
        vectors = tf.convert_to_tensor(self.lstm.table)[: self.labels]
        return tf.cast(tf.matmul(fused, vectors, transpose_b=True), tf.float32)


def build(sizes: Sizes, settings: CnnRnn) -> keras.Model:
    """Logits of each step: `[B, D]` and int32 `[B, L]` to `[B, L, C]`."""
    decoder = FusionDecoder(sizes.labels, embedding=settings.embedding, units=settings.units, name="decoder")
    return sequence_network(decoder, sizes.features, "cnn_rnn")


def loss(_: CnnRnn) -> PerExampleLoss:
    """Softmax cross-entropy, summed over an image's labels."""
    return sequence_cross_entropy


def prepare(data: Callable[[str], MethodData], split: str, settings: CnnRnn) -> Examples:
    """Label sequences without a stop."""
    return sequence_examples(data, split, settings.order, stop=False)


def scores(network: keras.Model, settings: CnnRnn) -> keras.Model:
    """The best path of `settings.labels` labels, from the features alone."""
    decoder = network.get_layer("decoder")
    max_labels = min(settings.labels, decoder.labels)
    paths = LabelPaths(decoder, beam=settings.beam, max_labels=max_labels, stops=False, name="paths")
    return keras.Model(network.input, paths(network.input["features"]), name="cnn_rnn_scores")


METHOD = Method(
    name="cnn_rnn",
    citation="Wang et al., CVPR 2016, arXiv 1604.04573",
    reads="image",
    predicts_quantity=False,
    differs=(
        "the feature is this run's fine-tuned CNN's, cached; there the CNN is trained along",
        "optimizer and rates are ours",
        "every path has the same number of labels",
        "no regularisation: what the original had is not known to us",
    ),
    build=build,
    loss=loss,
    prepare=prepare,
    scores=scores,
    needs_whole_sets=True,
)
