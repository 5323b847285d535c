"""Turns pixels, shapes and windows of photographs upright, by their EXIF orientation."""

import tensorflow as tf

from tfrecords_tools.photographs.stated_orientation import UPRIGHT

_ROWS, _COLUMNS, _BOTH, _NEITHER = (
    (True, False, False),
    (False, True, False),
    (True, True, False),
    (False, False, False),
)
_REVERSED = (_NEITHER, _NEITHER, _COLUMNS, _BOTH, _ROWS, _NEITHER, _COLUMNS, _BOTH, _ROWS)
"""The axes that are reversed, by orientation; 5 to 8 are transposed before."""


def orient(pixels: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    """Turns pixels upright.

    Args:
        pixels: [H, W, C] as stored.
        orientation: how EXIF says they are stored, 1 to 8, int32 [].

    Returns:
        [H, W, C], or [W, H, C] for 5 to 8.
    """
    upright = tf.cond(
        tf.equal(orientation, UPRIGHT), lambda: pixels, lambda: _reoriented(pixels, orientation)
    )
    return tf.ensure_shape(upright, [None, None, pixels.shape[-1]])


def upright_shape(shape: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    """The shape (height, width, channels), int32 [3], of a picture after `orient`."""
    return tf.where(orientation > 4, tf.gather(shape, (1, 0, 2)), shape)


def stored_window(window: tf.Tensor, shape: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    """Where a window of the upright picture lies in the stored one.

    Args:
        window: top, left, height and width in the upright picture, int32 [4].
        shape: height, width and channels as stored, int32 [3].
        orientation: 1 to 8, int32 [].

    Returns:
        Top, left, height and width in the stored picture, int32 [4].
    """
    begin, size = window[:2], window[2:]
    after = upright_shape(shape, orientation)[:2]
    begin = tf.where(tf.gather(_REVERSED, orientation)[:2], after - begin - size, begin)
    return tf.where(orientation > 4, tf.concat([begin[::-1], size[::-1]], 0), tf.concat([begin, size], 0))


# Inlined, its operations would take time for upright images as well.
@tf.function(experimental_attributes={"_noinline": True})
def _reoriented(pixels: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    stored = tf.cond(orientation > 4, lambda: tf.transpose(pixels, [1, 0, 2]), lambda: pixels)
    return tf.raw_ops.Reverse(tensor=stored, dims=tf.gather(_REVERSED, orientation))
