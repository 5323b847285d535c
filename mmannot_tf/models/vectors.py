"""Vectors of somebody's own network in the place of a backbone: one map of one position, without weights."""

import keras


def build_vectors(size: int) -> keras.Model:
    """The branch "backbone" of records of vectors: a vector as the only map of a network.

    Args:
        size: D, numbers in a vector.

    Returns:
        A model from `[B, D] float32` to `[B, 1, 1, D] float32`, whose average is the vector.

    Example:
        >>> build_vectors(512).output_shape
        (None, 1, 1, 512)
    """
    vector = keras.Input((size,), name="image")
    return keras.Model(vector, keras.layers.Reshape((1, 1, size), name="map")(vector), name="backbone")
