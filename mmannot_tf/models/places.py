"""The places of the last map, each with its feature."""

from collections.abc import Sequence

import keras


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
