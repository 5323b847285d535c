"""Encoded images to network input, in graph; training, prediction and serving use the same code."""

import numpy as np
import tensorflow as tf

from mmannot_tf.weights.provenance import Preprocessing

DCT = "INTEGER_ACCURATE"
"""The slow integer DCT of libjpeg: the same pixels as Pillow decodes."""


def decode(encoded: tf.Tensor) -> tf.Tensor:
    """Decodes JPEG or PNG bytes (string []) to RGB, uint8 [H, W, 3], also from grey, CMYK and alpha."""
    return tf.io.decode_jpeg(encoded, channels=3, dct_method=DCT)


def resize(pixels: tf.Tensor, size: int, sampling: str) -> tf.Tensor:
    """Resizes to a square (Sec. IV-A3): bilinear, without antialiasing or keeping the aspect ratio.

    Args:
        pixels: uint8 or float32 [H, W, 3].
        size: side of the result.
        sampling: "half_pixel", or "tf1" for TF 1's corner-based sampling.

    Returns:
        float32 [size, size, 3], 0 to 255.
    """
    resized = tf.raw_ops.ResizeBilinear(
        images=pixels[tf.newaxis],
        size=(size, size),
        align_corners=False,
        half_pixel_centers=sampling == "half_pixel",
    )
    return tf.ensure_shape(resized[0], (size, size, 3))


def normalise(pixels: tf.Tensor, preprocessing: Preprocessing) -> tf.Tensor:
    """RGB pixels float32 [..., H, W, 3] of 0 to 255, W static, as the backbone's weights expect them.

    Means and scales are repeated along a row of pixels: broadcasting three values takes twice as long.
    """
    if preprocessing.channel_order == "BGR":
        pixels = tf.reverse(pixels, axis=[-1])
    rows = tf.reshape(pixels, [-1, 3 * pixels.shape[-2]])
    mean, scale = (
        np.tile(np.asarray(values, np.float32), pixels.shape[-2])
        for values in (preprocessing.mean, preprocessing.scale)
    )
    rows = rows - mean
    if (scale != 1).any():
        rows = rows * scale
    return tf.ensure_shape(tf.reshape(rows, tf.shape(pixels)), pixels.shape)


def network_input(pixels: tf.Tensor, *, size: int, sampling: str, preprocessing: Preprocessing) -> tf.Tensor:
    """Resizes and normalises pixels uint8 [H, W, 3]; returns float32 [size, size, 3]."""
    return normalise(resize(pixels, size, sampling), preprocessing)
