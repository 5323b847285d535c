"""Encoded images to network input, in graph; training, prediction and serving use the same code."""

import functools
from typing import Any, Literal

import numpy as np
import tensorflow as tf

from mmannot_tf.weights.provenance import Preprocessing
from tfrecords_tools.photographs.decoding import Orientation, decode, decode_reduced

Sampling = Literal["antialiased", "half_pixel", "tf1"]
"""A value of the key `data.resize`."""


def decode_resized(
    encoded: tf.Tensor, *, size: int, sampling: Sampling, orientation: Orientation
) -> tf.Tensor:
    """Decodes an image to the pixels that the network sees, for training and serving alike.

    An antialiased resize starts from a JPEG decoded at a half, a quarter or an eighth where its shorter side
    stays at least twice as long as `size`: faster, and within a grey level of the whole image on average.

    Args:
        encoded: JPEG or PNG bytes, string [].
        size: side of the result.
        sampling: as in `resize`.
        orientation: as in `photographs.decoding.decode`.

    Returns:
        RGB, float32 [size, size, 3], 0 to 255.
    """
    return _decoder(size, sampling, orientation)(encoded)


@functools.cache
def _decoder(size: int, sampling: Sampling, orientation: Orientation) -> Any:
    """A function that each pipeline calls, traced once: every epoch has a pipeline of its own."""

    @tf.function(input_signature=[tf.TensorSpec([], tf.string)], autograph=False)
    def decoder(encoded: tf.Tensor) -> tf.Tensor:
        if sampling == "antialiased":
            pixels = decode_reduced(encoded, orientation=orientation, at_least=size)
        else:
            pixels = decode(encoded, orientation=orientation)
        return resize(pixels, size, sampling)

    return decoder


def resize(pixels: tf.Tensor, size: int, sampling: Sampling) -> tf.Tensor:
    """Resizes to a square (Sec. IV-A3): bilinear, without keeping the aspect ratio.

    Args:
        pixels: uint8 or float32 [H, W, 3].
        size: side of the result.
        sampling: "antialiased", over all pixels that an output pixel covers, as Pillow's BILINEAR; over four
            pixels, "half_pixel", or "tf1" for TF 1's corner-based sampling.

    Returns:
        float32 [size, size, 3], 0 to 255.
    """
    images = pixels[tf.newaxis]
    if sampling == "antialiased":
        shape = tf.shape(pixels)[:2]
        resized = tf.cond(  # a resize to the same size changes no pixel, and takes as long as decoding
            tf.reduce_all(shape == size),
            lambda: tf.cast(images, tf.float32),
            lambda: tf.raw_ops.ScaleAndTranslate(
                images=images,
                size=(size, size),
                scale=size / tf.cast(shape, tf.float32),
                translation=tf.zeros([2]),
                kernel_type="triangle",
                antialias=True,
            ),
        )
    else:
        resized = tf.raw_ops.ResizeBilinear(
            images=images,
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
