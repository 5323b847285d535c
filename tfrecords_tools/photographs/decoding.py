"""Decodes JPEG and PNG to upright RGB pixels in a TensorFlow graph; every command uses these functions.

What this decoder refuses is no image: for `check`, `build`, `verify`, training, `annotate` and `serve` alike.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import Literal

import tensorflow as tf

from tfrecords_tools.photographs.encoded import MAX_PIXELS
from tfrecords_tools.photographs.exif_orientation import may_be_turned, orientation_of
from tfrecords_tools.photographs.size_limits import JPEG, OVERSAMPLING, PNG, RATIOS, check_pixels
from tfrecords_tools.photographs.turning import orient
from tfrecords_tools.photographs.unreadable import UnreadableImageError
from tfrecords_tools.shell.errors import one_line

DECODER_GIVES_UP = ("jpeg::Uncompress failed", "Invalid JPEG data", "Invalid PNG")
"""How TensorFlow's messages begin about images that are cut short or damaged."""
DCT = "INTEGER_ACCURATE"
"""The slow integer DCT of libjpeg: the same pixels as Pillow decodes."""

Orientation = Literal["exif", "ignored"]
"""Whether pixels are turned as the image's EXIF tag says, or stay as they are stored."""


def decode(encoded: tf.Tensor, *, orientation: Orientation) -> tf.Tensor:
    """Decodes an image.

    Args:
        encoded: JPEG or PNG bytes, string []; grey, CMYK, alpha and 16 bits a channel are converted to RGB.
        orientation: "exif" turns the pixels upright, "ignored" leaves them as stored.

    Returns:
        RGB, uint8 [H, W, 3].
    """
    pixels = tf.io.decode_jpeg(encoded, channels=3, dct_method=DCT)
    return _upright(pixels, encoded, orientation)


def decode_reduced(encoded: tf.Tensor, *, orientation: Orientation, at_least: int) -> tf.Tensor:
    """Decodes an image; a JPEG that is much larger than needed at a half, a quarter or an eighth.

    The shorter side stays at least `OVERSAMPLING * at_least` pixels. Only an antialiased resize may follow:
    libjpeg averages the pixels that it joins.

    Args:
        encoded: as in `decode`.
        orientation: as in `decode`.
        at_least: the side, in pixels, that the image is resized to next.

    Returns:
        RGB, uint8 [H, W, 3].
    """

    def reduced_jpeg() -> tf.Tensor:
        shape = tf.image.extract_jpeg_shape(encoded)
        spare = tf.minimum(shape[0], shape[1]) // (OVERSAMPLING * at_least)
        index = tf.reduce_sum(tf.cast(spare >= RATIOS[1:], tf.int32))
        return tf.switch_case(index, [_at_ratio(encoded, ratio) for ratio in RATIOS])

    pixels = tf.cond(tf.io.is_jpeg(encoded), reduced_jpeg, _at_ratio(encoded, 1))
    return _upright(tf.ensure_shape(pixels, [None, None, 3]), encoded, orientation)


def _at_ratio(encoded: tf.Tensor, ratio: int) -> Callable[[], tf.Tensor]:
    return lambda: tf.io.decode_jpeg(encoded, channels=3, ratio=ratio, dct_method=DCT)


def _upright(pixels: tf.Tensor, encoded: tf.Tensor, orientation: Orientation) -> tf.Tensor:
    if orientation == "ignored":
        return pixels
    upright = tf.cond(may_be_turned(encoded), lambda: _turned(pixels, encoded), lambda: pixels)
    return tf.ensure_shape(upright, [None, None, 3])


@tf.function(experimental_attributes={"_noinline": True})
def _turned(pixels: tf.Tensor, encoded: tf.Tensor) -> tf.Tensor:
    return orient(pixels, orientation_of(encoded))


def check_size(encoded: bytes, *, max_pixels: int = MAX_PIXELS) -> int:
    """Reads the header of a JPEG or PNG, and returns the number of its pixels.

    Raises:
        UnreadableImageError: it is neither, broken, larger than `max_pixels`, or has too many scans.
    """
    if encoded.startswith(JPEG):
        with decoder_errors():
            height, width, _ = tf.image.extract_jpeg_shape(encoded).numpy().tolist()
    elif encoded.startswith(PNG):
        width, height = (int.from_bytes(encoded[start : start + 4]) for start in (16, 20))
    else:
        raise UnreadableImageError("no JPEG or PNG")
    return check_pixels(encoded, width, height, max_pixels=max_pixels)


def check_decodable(encoded: bytes, *, max_pixels: int = MAX_PIXELS) -> None:
    """Decodes an image; a JPEG at an eighth, which refuses the same files and takes less time.

    Raises:
        UnreadableImageError: `decode` refuses it, or it is larger than `max_pixels`.
    """
    check_size(encoded, max_pixels=max_pixels)
    ratio = max(RATIOS) if encoded.startswith(JPEG) else 1
    with decoder_errors():
        tf.io.decode_jpeg(encoded, channels=3, ratio=ratio, dct_method=DCT)


@contextlib.contextmanager
def decoder_errors() -> Iterator[None]:
    """Raises TensorFlow's error about an image as an `UnreadableImageError`."""
    try:
        yield
    except tf.errors.OpError as error:
        text = one_line(error)
        damaged = text.startswith(DECODER_GIVES_UP)
        raise UnreadableImageError("truncated or damaged" if damaged else text) from None
    except UnicodeDecodeError:  # TensorFlow's message quotes bytes of the image
        raise UnreadableImageError("truncated or damaged") from None
