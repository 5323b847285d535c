"""Normalisation of pixels as a backbone's weights expect them, as a layer."""

from collections.abc import Sequence
from typing import Any

import keras


@keras.saving.register_keras_serializable(package="mmannot_tf")
class ImageNormalization(keras.layers.Layer):
    """Computes (pixels[channel_order] - mean) * scale.

    Pretrained weights are only right with the normalisation they were trained with. A model that holds this
    layer takes plain RGB pixels.

    Args:
        channel_order: "RGB", or "BGR" to reverse the channels first.
        mean: three numbers to subtract, in `channel_order`.
        scale: three factors, in `channel_order`.
        **options: keyword arguments of `keras.layers.Layer`.

    Example:
        >>> layer = mmannot_tf.layers.ImageNormalization(channel_order="BGR", mean=(103.939, 116.779, 123.68))
        >>> layer(keras.ops.zeros((1, 2, 2, 3))).shape
        TensorShape([1, 2, 2, 3])
    """

    def __init__(
        self,
        *,
        channel_order: str = "RGB",
        mean: Sequence[float] = (0.0, 0.0, 0.0),
        scale: Sequence[float] = (1.0, 1.0, 1.0),
        **options: Any,
    ):
        super().__init__(**options)
        if channel_order not in ("RGB", "BGR"):
            raise ValueError(
                f"channel_order must be 'RGB' or 'BGR'. Received: channel_order={channel_order!r}"
            )
        for name, values in (("mean", mean), ("scale", scale)):
            if len(values) != 3:
                raise ValueError(f"{name} must have 3 values, one a channel. Received: {name}={values!r}")
        self.channel_order = channel_order
        self.mean = tuple(map(float, mean))
        self.scale = tuple(map(float, scale))

    def call(self, pixels: Any) -> Any:
        """Normalises RGB pixels.

        Args:
            pixels: numbers from 0 to 255 of any type, [B, H, W, 3].

        Returns:
            float32 [B, H, W, 3].

        Raises:
            ValueError: the last axis has not three channels.
        """
        if pixels.shape[-1] != 3:
            raise ValueError(f"pixels must be [B, H, W, 3]. Received: shape={tuple(pixels.shape)}")
        pixels = keras.ops.cast(pixels, self.compute_dtype)
        if self.channel_order == "BGR":
            pixels = keras.ops.flip(pixels, axis=-1)
        pixels = pixels - keras.ops.convert_to_tensor(self.mean, dtype=pixels.dtype)
        if any(factor != 1.0 for factor in self.scale):
            pixels = pixels * keras.ops.convert_to_tensor(self.scale, dtype=pixels.dtype)
        return pixels

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The input's shape."""
        return input_shape

    def get_config(self) -> dict[str, object]:
        """The arguments that make an equal layer."""
        return {
            **super().get_config(),
            "channel_order": self.channel_order,
            "mean": list(self.mean),
            "scale": list(self.scale),
        }
