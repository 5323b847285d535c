"""The textual branch (Sec. III-B): noisy tags to the textual feature f_t."""

import keras

from mmannot_tf.layers.multi_hot_dense import MultiHotDense


def build_tag_encoder(vocabulary_size: int, *, hidden: tuple[int, int] = (2048, 2048)) -> keras.Model:
    """The branch "tag_encoder": a multi-layer perceptron of two hidden ReLU layers, f_t the second's output.

    It reads lists of tags, which are a multi-hot vector t (the paper calls it one-hot, Sec. III-B) without
    its zeros: a pass costs the tags that the images have, not those that there are.

    Kernels start Glorot uniform: on the tag features it learns faster than the normal distribution of
    standard deviation 0.01 that ResNet ports of the time gave to such layers (I-F1 48.7 against 41.9).

    Args:
        vocabulary_size: T, the number of tags.
        hidden: units of the two layers (Sec. III-B: 2,048 each).

    Returns:
        A model from tags, `[B, L] int32` (an image's indices into the vocabulary, each once; -1 fills up), to
        f_t, `[B, hidden[1]] float32`.
    """
    first, second = hidden
    tags = keras.Input((None,), dtype="int32", name="tags")
    x = MultiHotDense(vocabulary_size, first, name="hidden_1")(tags)
    x = keras.layers.Dense(second, activation="relu", kernel_initializer="glorot_uniform", name="hidden_2")(x)
    return keras.Model(tags, x, name="tag_encoder")


def portable(tag_encoder: keras.Model) -> keras.Model:
    """The same layers, by operations that other engines have; nothing is copied."""
    first, second = tag_encoder.get_layer("hidden_1"), tag_encoder.get_layer("hidden_2")
    lists = keras.Input((None,), dtype="int32", name="tag_lists")
    return keras.Model(lists, second(first(lists, portable=True)), name="portable_tag_encoder")
