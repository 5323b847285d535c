"""Converts photographs that TensorFlow does not decode to PNG, once, by Pillow.

The PNG holds the first picture, upright, as 8-bit RGB. Such pixels are kept exactly; others become RGB as
TensorFlow does it for JPEG and PNG: alpha is dropped, of 16 bits the upper 8 count, grey is repeated. A
palette is looked up, CMYK is converted without its colour profile. Values of 32 bits are refused, for nothing
says which of them is white.
"""

import io

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

from tfrecords_tools.photographs.formats import PhotographFormat
from tfrecords_tools.photographs.limited_reads import LimitedReads
from tfrecords_tools.photographs.regular_files import check_format
from tfrecords_tools.photographs.unreadable import UnreadableImageError
from tfrecords_tools.shell.errors import one_line
from tfrecords_tools.shell.extras import install_command

COMPRESSION = 1
"""zlib's fastest level: converting takes a third of the time of the usual level 6."""
SIXTEEN_BITS = ("I;16", "I;16L", "I;16B", "I;16N")
UNBOUNDED = ("I", "F")
"""Pillow's modes for values of 32 bits."""
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""How pixels are turned upright, by EXIF orientation."""
XMP = ("xmp", "XML:com.adobe.xmp")
"""Where Pillow keeps XMP, whose orientation does not count here, as in browsers."""


def converted_to_png(content: bytes, source: PhotographFormat, *, max_pixels: int) -> bytes:
    """A photograph as PNG.

    Args:
        content: its file.
        source: its format, which is not native.
        max_pixels: the largest image that is decoded, by its header.

    Raises:
        UnreadableImageError: it is broken or too large, or the reader of its format is not installed.
    """
    try:
        with _opened(content, source) as image:
            if image.width * image.height > max_pixels:
                raise UnreadableImageError(f"{image.width} x {image.height} pixels, more than {max_pixels:,}")
            _forget_xmp(image)
            image.load()  # the readers of HEIC and TIFF turn the picture, and remove the orientation
            return _png(upright(as_rgb(image), _orientation(image)))
    except UnreadableImageError:
        raise
    except Exception as error:  # whatever a reader raises: RecursionError, MemoryError, …
        reason = _reason(error, source)
    # Outside the handler, so that the error does not keep the reader's own, which may be its own cause.
    raise UnreadableImageError(reason)


def _opened(content: bytes, source: PhotographFormat) -> Image.Image:
    if source.pillow != "HEIF":
        return Image.open(LimitedReads(content), formats=[source.pillow])
    try:
        from pillow_heif import HeifImageFile
    except ImportError:
        raise UnreadableImageError(
            f"{source.name} needs pillow-heif: {install_command(source.extra)}"
        ) from None
    return HeifImageFile(io.BytesIO(content))


def as_png(image: Image.Image) -> bytes:
    """An image that Pillow holds as PNG, with its EXIF orientation beside the pixels.

    Raises:
        UnreadableImageError: its file is broken, or its pixels have no defined white.
    """
    try:
        image.load()
        exif = Image.Exif()
        exif[ExifTags.Base.Orientation] = _orientation(image)
        return _png(as_rgb(image), exif=exif.tobytes())
    except UnreadableImageError:
        raise
    except Exception as error:  # as above
        reason = one_line(error)
    raise UnreadableImageError(reason)


def small_picture(content: bytes, side: int) -> Image.Image:
    """A photograph for a page: upright RGB whose longer side is at most `side` pixels.

    Args:
        content: its file, of a format of `photographs.formats`.
        side: of the square that it fits into, in pixels.

    Raises:
        UnreadableImageError: it is broken.
    """
    source = check_format(content)
    try:
        with _opened(content, source) as image:
            _forget_xmp(image)
            image.thumbnail((side, side))
            return upright(as_rgb(image), _orientation(image))
    except UnreadableImageError:
        raise
    except Exception as error:  # as above
        reason = _reason(error, source)
    raise UnreadableImageError(reason)


def _reason(error: Exception, source: PhotographFormat) -> str:
    """What a reader's error says, without the address in memory that Pillow's own has."""
    if isinstance(error, UnidentifiedImageError):
        return f"truncated or damaged {source.name}"
    return one_line(error)


def _forget_xmp(image: Image.Image) -> None:
    for key in XMP:
        image.info.pop(key, None)


def _png(image: Image.Image, **options: bytes) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=COMPRESSION, **options)
    return file.getvalue()


def _orientation(image: Image.Image) -> int:
    """What EXIF states; 1 if it is broken, as for JPEG and PNG."""
    try:
        return image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # whatever Pillow raises: the pixels are good
        return 1


def upright(image: Image.Image, orientation: int) -> Image.Image:
    """A picture turned as its EXIF orientation says."""
    turn = TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)


def as_rgb(image: Image.Image) -> Image.Image:
    """A picture as 8-bit RGB, converted as TensorFlow converts JPEG and PNG.

    Raises:
        UnreadableImageError: its values have 32 bits.
    """
    if image.mode in UNBOUNDED:
        raise UnreadableImageError(f"pixels must have 8 or 16 bits, received Pillow's mode {image.mode}")
    if image.mode in SIXTEEN_BITS:
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
    if image.mode == "RGBA":
        return Image.merge("RGB", image.split()[:3])
    return image.convert("RGB")
