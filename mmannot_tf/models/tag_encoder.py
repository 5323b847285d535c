"""The textual branch (Sec. III-B): noisy tags to the textual feature f_t."""

import keras

from mmannot_tf.layers.arguments import fraction, units, whole_number
from mmannot_tf.layers.multi_hot_dense import MultiHotDense
from mmannot_tf.layers.tag_dropout import TagDropout


def build_tag_encoder(
    vocabulary_size: int, *, hidden: tuple[int, int] = (2048, 2048), dropout: float = 0.0
) -> keras.Model:
    """The branch "tag_encoder": a multi-layer perceptron of two hidden ReLU layers, f_t the second's output.

    Lists of tags stand for the multi-hot vector t, which the paper calls one-hot (Sec. III-B): the cost grows
    with the tags that images have, not with the vocabulary.

    Kernels start Glorot uniform. The normal distribution of standard deviation 0.01, which ResNet ports of
    2016 gave to such layers, learns more slowly from tags (I-F1 41.9 instead of 48.7, ours).

    Args:
        vocabulary_size: T, the number of tags.
        hidden: units of the two layers (Sec. III-B: 2,048 each).
        dropout: while training, the probability that a tag is hidden, and the rate after each hidden layer
            (ours; the paper states none).

    Returns:
        A model from tags, `[B, L] int32` (an image's indices into the vocabulary, each once; -1 fills up), to
        f_t, `[B, hidden[1]] float32`.

    Raises:
        ValueError: a size is no whole number of at least 1, or the dropout is not from 0 to below 1.

    Example:
        >>> encoder = mmannot_tf.build_tag_encoder(1000, hidden=(64, 32))
        >>> encoder(keras.ops.array([[3, 17, 256], [5, -1, -1]])).shape
        TensorShape([2, 32])
    """
    first, second = units("hidden", hidden, layers=2)
    vocabulary_size = whole_number("vocabulary_size", vocabulary_size, least=1)
    dropout = fraction("dropout", dropout, zero=True)
    tags = keras.Input((None,), dtype="int32", name="tags")
    x = TagDropout(dropout, name="tag_dropout")(tags) if dropout else tags
    x = MultiHotDense(vocabulary_size, first, name="hidden_1")(x)
    x = keras.layers.Dropout(dropout, name="dropout_1")(x) if dropout else x
    x = keras.layers.Dense(second, activation="relu", kernel_initializer="glorot_uniform", name="hidden_2")(x)
    x = keras.layers.Dropout(dropout, name="dropout_2")(x) if dropout else x
    return keras.Model(tags, x, name="tag_encoder")


def portable(tag_encoder: keras.Model) -> keras.Model:
    """A model of the same layers that uses only operations that ONNX, OpenVINO and LiteRT have.

    Args:
        tag_encoder: from `build_tag_encoder`; the layers stay shared with it.

    Returns:
        A model with the same input and output.
    """
    first, second = tag_encoder.get_layer("hidden_1"), tag_encoder.get_layer("hidden_2")
    lists = keras.Input((None,), dtype="int32", name="tag_lists")
    return keras.Model(lists, second(first(lists, portable=True)), name="portable_tag_encoder")
