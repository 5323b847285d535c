"""Decodes usual JPEG and PNG by Pillow to the pixels of `decoding`, without TensorFlow.

Both libraries decode a JPEG by libjpeg-turbo with the slow integer DCT. What Pillow might read otherwise than
TensorFlow, or refuses, is left to `decoding`.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image

from tfrecords_tools.photographs.completeness import is_complete
from tfrecords_tools.photographs.conversion import as_rgb, upright
from tfrecords_tools.photographs.limited_reads import LimitedReads
from tfrecords_tools.photographs.size_limits import (
    JPEG,
    OVERSAMPLING,
    PNG,
    RATIOS,
    check_pixels,
)
from tfrecords_tools.photographs.stated_orientation import stated_orientation

JPEG_MODES = ("RGB", "L")
PNG_DEPTH, PNG_COLOUR_TYPES = 8, (0, 2, 4, 6)
"""Bits of a channel, and the colour types without a palette (PNG specification, 11.2.1)."""
_DEPTH_AT, _COLOUR_TYPE_AT = 24, 25
"""Where a PNG's header states them."""


class UnusualImageError(Exception):
    """An image that is left to TensorFlow's decoder."""


def decode_by_pillow(encoded: bytes, *, turn: bool, at_least: int | None, max_pixels: int) -> Image.Image:
    """Decodes an image.

    Args:
        encoded: JPEG or PNG.
        turn: whether the pixels are turned upright as EXIF says.
        at_least: the side, in pixels, that an antialiased resize gives it next: a JPEG that is much larger is
            decoded at a half, a quarter or an eighth, as by `decoding.decode_reduced`; None for all pixels.
        max_pixels: the largest image accepted, by its header.

    Returns:
        RGB.

    Raises:
        UnreadableImageError: it has more pixels than `max_pixels`, or too many scans.
        UnusualImageError: TensorFlow's decoder has to read it.
    """
    with _opened(encoded) as image:
        check_pixels(encoded, image.width, image.height, max_pixels=max_pixels)
        if at_least is not None and encoded.startswith(JPEG):
            _reduce(image, at_least)
        try:
            image.load()
        except Exception:
            raise UnusualImageError from None
        pixels = as_rgb(image)
    return upright(pixels, stated_orientation(encoded)) if turn else pixels


def pixels_by_pillow(encoded: bytes, *, max_pixels: int) -> int:
    """The number of an image's pixels, by its header.

    Args:
        encoded: JPEG or PNG.
        max_pixels: as for `decode_by_pillow`; so are the errors.
    """
    with _opened(encoded) as image:
        return check_pixels(encoded, image.width, image.height, max_pixels=max_pixels)


@contextmanager
def _opened(encoded: bytes) -> Iterator[Image.Image]:
    """Yields an image whose pixels Pillow decodes as TensorFlow does."""
    if not encoded.startswith((JPEG, PNG)):
        raise UnusualImageError
    kind = "JPEG" if encoded.startswith(JPEG) else "PNG"
    if not is_complete(encoded):  # Pillow decodes some of these
        raise UnusualImageError
    try:
        image = Image.open(LimitedReads(encoded), formats=[kind])
    except Exception:
        raise UnusualImageError from None
    with image:
        if not (image.mode in JPEG_MODES if kind == "JPEG" else _is_usual_png(encoded)):
            raise UnusualImageError
        yield image


def _is_usual_png(encoded: bytes) -> bool:
    return encoded[_DEPTH_AT] == PNG_DEPTH and encoded[_COLOUR_TYPE_AT] in PNG_COLOUR_TYPES


def _reduce(image: Image.Image, at_least: int) -> None:
    """Has libjpeg decode a JPEG at the fraction at which its shorter side stays long enough."""
    spare = min(image.size) // (OVERSAMPLING * at_least)
    ratio = max(ratio for ratio in RATIOS if ratio <= max(spare, 1))
    if ratio > 1:
        image.draft("RGB", (image.width // ratio, image.height // ratio))
