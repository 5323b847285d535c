"""The feature fusion model (Sec. III-A, eq. 2 and 3, Fig. 4): five scales to the visual feature f_v."""

from collections.abc import Sequence

import keras

from mmannot_tf.layers.batch_norm import BatchNorm
from mmannot_tf.layers.fusion_block import fusion_block


def build_fusion(
    map_shapes: Sequence[tuple[int, int, int]],
    *,
    momentum: float,
    epsilon: float,
    gamma: float = 1.0,
    synchronized: bool = True,
) -> keras.Model:
    """The branch "fusion": M'_1 = M_1, M'_l = M_l + F_l(M'_{l-1}), f_v the average over M'_5.

    The blocks' layers are named `fusion2_…` to `fusion5_…` after the scale l they fuse into.

    Args:
        map_shapes: height, width and channels of M_1 … M_5.
        momentum: decay of the batch-norm layers' moving statistics.
        epsilon: of the batch-norm layers.
        gamma: what the scale of each block's last batch-norm layer starts at.
        synchronized: of the batch-norm layers.

    Returns:
        A model from a list of five maps to f_v, `[B, D] float32`, D the channels of M_5.
    """
    norm = BatchNorm(momentum, epsilon, synchronized)
    maps = [keras.Input(shape, name=f"map_{number}") for number, shape in enumerate(map_shapes, start=1)]
    fused = maps[0]
    for number, scale in enumerate(maps[1:], start=2):
        fused = fusion_block(fused, scale, norm=norm, gamma=gamma, name=f"fusion{number}")
    feature = keras.layers.GlobalAveragePooling2D(name="average")(fused)
    return keras.Model(maps, feature, name="fusion")
