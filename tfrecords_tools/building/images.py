"""Whether an image file can be read: opened and wholly decoded, once, before it becomes a record."""

import struct
import zlib
from io import BytesIO
from pathlib import Path

from PIL import Image

FORMATS = ("JPEG", "PNG", "GIF", "BMP")
"""What `tf.io.decode_image` reads."""

MISSING = "missing"
"""The reason of an image whose file is not there."""


class UnreadableImageError(Exception):
    """The image cannot be used; the message is the reason."""


def checked(image: Path | bytes) -> bytes:
    """The encoded bytes of an image that decodes to its end; of a PNG, also its checksums must hold.

    Raises:
        UnreadableImageError: the file is missing, no image, truncated, or of a format TensorFlow lacks.
    """
    try:
        content = image.read_bytes() if isinstance(image, Path) else image
        with Image.open(BytesIO(content)) as opened:
            kind = opened.format
            opened.draft(opened.mode, (1, 1))  # of a JPEG: all of its data read, fewer pixels computed
            opened.load()
        if kind == "PNG":
            Image.open(BytesIO(content)).verify()
    except FileNotFoundError:
        raise UnreadableImageError(MISSING) from None
    except Image.UnidentifiedImageError:
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
        raise UnreadableImageError(" ".join(str(error).split()) or type(error).__name__) from None
    if kind not in FORMATS:
        raise UnreadableImageError(f"format {kind}: TensorFlow reads {', '.join(FORMATS)}")
    return content
