"""The feature fusion model (Sec. III-A, eq. 2 and 3, Fig. 4): all scales to the visual feature f_v."""

from collections.abc import Sequence

import keras

from mmannot_tf.layers.batch_norm import EPSILON, MOMENTUM, BatchNorm
from mmannot_tf.layers.fusion_block import fusion_block


def build_fusion(
    map_shapes: Sequence[tuple[int, int, int]],
    *,
    momentum: float = MOMENTUM,
    epsilon: float = EPSILON,
    gamma: float = 1.0,
    synchronized: bool = True,
) -> keras.Model:
    """The branch "fusion": M'_1 = M_1, M'_l = M_l + F_l(M'_{l-1}), f_v the average over M'_L.

    The blocks' layers are named `fusion2_…` to `fusionL_…` after the scale l they fuse into. Each block's
    stride follows from the maps' sizes.

    Args:
        map_shapes: height, width and channels of M_1 … M_L, finest first; L is 5 for a ResNet.
        momentum: decay of the batch-norm layers' moving statistics (Sec. IV-A3: 0.9997).
        epsilon: of the batch-norm layers.
        gamma: initial scale of each block's last batch-norm layer.
        synchronized: whether batch-norm statistics are those of the global batch.

    Returns:
        A model from a list of L maps to f_v, `[B, D] float32`, D the channels of M_L.

    Raises:
        ValueError: no stride leads from one map's size to the next one's.

    Example:
        >>> shapes = [(32, 32, 8), (16, 16, 32), (8, 8, 64), (4, 4, 128), (2, 2, 256)]
        >>> fusion = mmannot_tf.build_fusion(shapes)
        >>> fusion.output_shape
        (None, 256)
    """
    norm = BatchNorm(momentum, epsilon, synchronized)
    maps = [keras.Input(shape, name=f"map_{number}") for number, shape in enumerate(map_shapes, start=1)]
    fused = maps[0]
    for number, scale in enumerate(maps[1:], start=2):
        fused = fusion_block(fused, scale, norm=norm, gamma=gamma, name=f"fusion{number}")
    feature = keras.layers.GlobalAveragePooling2D(name="average")(fused)
    return keras.Model(maps, feature, name="fusion")
