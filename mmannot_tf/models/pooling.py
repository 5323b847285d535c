"""The last map as a feature: its average, or its places one by one."""

from collections.abc import Sequence

import keras


def build_pooling(map_shapes: Sequence[tuple[int, int, int]]) -> keras.Model:
    """The branch "pooling": the backbone's five maps to the average over M_5, without weights.

    It reads all five maps, as `build_fusion` does, so that one can stand in the other's place.

    Args:
        map_shapes: height, width and channels of M_1 … M_5.

    Returns:
        A model from a list of five maps to `[B, D] float32`, D the channels of M_5.
    """
    maps = [keras.Input(shape, name=f"map_{number}") for number, shape in enumerate(map_shapes, start=1)]
    feature = keras.layers.GlobalAveragePooling2D(name="average")(maps[-1])
    return keras.Model(maps, feature, name="pooling")


def build_places(map_shapes: Sequence[tuple[int, int, int]]) -> keras.Model:
    """The branch "places": the backbone's five maps to M_5 as a row of places, without weights.

    It reads all five maps, as `build_pooling` does, whose feature is the average over these places.

    Args:
        map_shapes: height, width and channels of M_1 … M_5.

    Returns:
        A model from a list of five maps to `[B, P, D] float32`, P = height times width of M_5, row by row.
    """
    maps = [keras.Input(shape, name=f"map_{number}") for number, shape in enumerate(map_shapes, start=1)]
    height, width, channels = map_shapes[-1]
    places = keras.layers.Reshape((height * width, channels), name="places")(maps[-1])
    return keras.Model(maps, places, name="places")
