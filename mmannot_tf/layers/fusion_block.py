"""One step of the feature fusion model: eq. 2 and 3, Fig. 3."""

import math

import keras

from mmannot_tf.layers.batch_norm import BatchNorm
from mmannot_tf.layers.conv_bn_relu import conv_bn_relu


def fusion_block(
    fused: keras.KerasTensor, scale: keras.KerasTensor, *, norm: BatchNorm, gamma: float = 1.0, name: str
) -> keras.KerasTensor:
    """M'_l = M_l + φ_l2(φ_l1(M'_{l-1})), as layers `{name}_phi1_*`, `{name}_phi2_*`, `{name}_add`.

    φ_l1 is a 3x3 convolution that keeps its input's channels; its stride follows from the two maps' sizes (2
    in Fig. 4). φ_l2 is a 1x1 convolution to M_l's channels. Batch normalisation and ReLU follow each.

    Args:
        fused: M'_{l-1}, `[B, H', W', C'] float32`.
        scale: M_l, `[B, H, W, C] float32`, with H = H' / stride and W = W' / stride, rounded up.
        norm: how to make the two batch-norm layers.
        gamma: initial scale of φ_l2's batch normalisation: below 1, M'_l starts nearer to M_l.
        name: prefix of the layers' names.

    Returns:
        M'_l, `[B, H, W, C] float32`.

    Raises:
        ValueError: no stride leads from the size of `fused` to that of `scale`.

    Example:
        >>> fused, scale = keras.Input((8, 8, 3)), keras.Input((4, 4, 6))
        >>> fusion_block(fused, scale, norm=BatchNorm(), name="fusion2").shape
        (None, 4, 4, 6)
    """
    strides = _strides(fused.shape[1:3], scale.shape[1:3])
    phi1 = conv_bn_relu(
        fused, fused.shape[-1], kernel_size=3, strides=strides, norm=norm, name=f"{name}_phi1"
    )
    phi2 = conv_bn_relu(phi1, scale.shape[-1], kernel_size=1, norm=norm, gamma=gamma, name=f"{name}_phi2")
    return keras.layers.Add(name=f"{name}_add")([scale, phi2])


def _strides(fine: tuple[int, int], coarse: tuple[int, int]) -> int:
    """The stride of a "same" convolution from one map's height and width to another's."""
    strides = max(math.ceil(before / after) for before, after in zip(fine, coarse, strict=True))
    if tuple(math.ceil(side / strides) for side in fine) != tuple(coarse):
        raise ValueError(
            "one stride must lead from each map's height and width to the next map's, rounding up. "
            f"Received: sizes {tuple(fine)} and {tuple(coarse)}"
        )
    return strides
