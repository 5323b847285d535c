"""One step of the feature fusion model: eq. 2 and 3, Fig. 3."""

import keras

from mmannot_tf.layers.batch_norm import BatchNorm
from mmannot_tf.layers.conv_bn_relu import conv_bn_relu


def fusion_block(
    fused: keras.KerasTensor, scale: keras.KerasTensor, *, norm: BatchNorm, gamma: float = 1.0, name: str
) -> keras.KerasTensor:
    """M'_l = M_l + φ_l2(φ_l1(M'_{l-1})), as layers `{name}_phi1_*`, `{name}_phi2_*`, `{name}_add`.

    φ_l1 is a 3x3 convolution of stride 2 that keeps its input's channels, φ_l2 a 1x1 convolution to M_l's
    channels (Fig. 4); each is followed by batch normalisation and ReLU.

    Args:
        fused: M'_{l-1}, `[B, 2H, 2W, C'] float32` (or one row and column fewer).
        scale: M_l, `[B, H, W, C] float32`.
        norm: of the two batch-norm layers.
        gamma: what φ_l2's scale starts at: below 1, M'_l starts nearer to M_l.
        name: prefix of the layers' names.

    Returns:
        M'_l, `[B, H, W, C] float32`.
    """
    phi1 = conv_bn_relu(fused, fused.shape[-1], kernel_size=3, strides=2, norm=norm, name=f"{name}_phi1")
    phi2 = conv_bn_relu(phi1, scale.shape[-1], kernel_size=1, norm=norm, gamma=gamma, name=f"{name}_phi2")
    return keras.layers.Add(name=f"{name}_add")([scale, phi2])
