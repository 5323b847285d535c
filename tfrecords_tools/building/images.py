"""Checks an image file by decoding it before it becomes a record."""

import struct
import zlib
from io import BytesIO
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from tfrecords_tools.shell.errors import one_line

FORMATS = ("JPEG", "PNG", "GIF", "BMP")
"""The formats that `tf.io.decode_image` reads."""

MISSING = "missing"
"""The reason for an image whose file does not exist."""


class UnreadableImageError(Exception):
    """The image cannot be used; the message is the reason."""


def checked_bytes(image: Path | bytes) -> bytes:
    """The encoded bytes of an image, after decoding all of it; a PNG's checksums are checked as well.

    Raises:
        UnreadableImageError: the file is missing, no image, truncated, or not of a format in FORMATS.
    """
    try:
        content = image.read_bytes() if isinstance(image, Path) else image
        with Image.open(BytesIO(content)) as opened:
            image_format = opened.format
            opened.draft(opened.mode, (1, 1))  # a JPEG is read whole, but fewer pixels are computed
            opened.load()
        if image_format == "PNG":
            Image.open(BytesIO(content)).verify()
    except FileNotFoundError:
        raise UnreadableImageError(MISSING) from None
    except UnidentifiedImageError:
        raise UnreadableImageError("no image" if content else "empty file") from None
    except (
        OSError,
        SyntaxError,
        ValueError,
        EOFError,
        struct.error,
        zlib.error,
        Image.DecompressionBombError,
    ) as error:
        raise UnreadableImageError(one_line(error)) from None
    if image_format not in FORMATS:
        raise UnreadableImageError(f"format {image_format}: TensorFlow reads {', '.join(FORMATS)}")
    return content
