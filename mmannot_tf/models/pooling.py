"""Branches without weights on the maps: averages, or the places of the last one as a sequence."""

from collections.abc import Sequence

import keras


def build_pooling(map_shapes: Sequence[tuple[int, int, int]]) -> keras.Model:
    """The branch "pooling": the backbone's maps to the average over the last one, without weights.

    It takes all maps, as `build_fusion` does, so that either can replace the other.

    Args:
        map_shapes: height, width and channels of M_1 … M_L, finest first.

    Returns:
        A model from a list of L maps to `[B, D] float32`, D the channels of M_L.

    Example:
        >>> mmannot_tf.build_pooling([(4, 4, 128), (2, 2, 256)]).output_shape
        (None, 256)
    """
    maps = [keras.Input(shape, name=f"map_{number}") for number, shape in enumerate(map_shapes, start=1)]
    feature = keras.layers.GlobalAveragePooling2D(name="average")(maps[-1])
    return keras.Model(maps, feature, name="pooling")


def build_pooled_scales(map_shapes: Sequence[tuple[int, int, int]], last: int) -> keras.Model:
    """The branch "pooled_scales": the averages over the backbone's last maps, side by side, no weights.

    It is the simplest multi-scale feature, a control of the fusion blocks (ours).

    Args:
        map_shapes: height, width and channels of M_1 … M_L, finest first.
        last: how many maps are averaged, from M_L on.

    Returns:
        A model from a list of L maps to the averages over the last ones, `[B, … + D_L] float32`.

    Example:
        >>> build_pooled_scales([(8, 8, 64), (4, 4, 128), (2, 2, 256)], last=2).output_shape
        (None, 384)
    """
    maps = [keras.Input(shape, name=f"map_{number}") for number, shape in enumerate(map_shapes, start=1)]
    averages = [keras.layers.GlobalAveragePooling2D()(scale) for scale in maps[-last:]]
    return keras.Model(maps, keras.layers.Concatenate(name="scales")(averages), name="pooled_scales")


def build_places(map_shapes: Sequence[tuple[int, int, int]]) -> keras.Model:
    """The branch "places": the backbone's maps to the places of the last one, without weights.

    It takes all maps, as `build_pooling` does; the average over these places is that branch's feature.

    Args:
        map_shapes: height, width and channels of M_1 … M_L, finest first.

    Returns:
        A model from a list of L maps to `[B, P, D] float32`, P = height times width of M_L, row by row.

    Example:
        >>> build_places([(4, 4, 128), (2, 3, 256)]).output_shape
        (None, 6, 256)
    """
    maps = [keras.Input(shape, name=f"map_{number}") for number, shape in enumerate(map_shapes, start=1)]
    height, width, channels = map_shapes[-1]
    places = keras.layers.Reshape((height * width, channels), name="places")(maps[-1])
    return keras.Model(maps, places, name="places")
