"""A photograph's file or bytes as the JPEG or PNG that the model's graph decodes. Imports no TensorFlow."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from tfrecords_tools.photographs.conversion import converted_to_png
from tfrecords_tools.photographs.regular_files import check_format, read_photograph

MAX_PIXELS = 178_956_970
"""The largest image that is decoded, 0.5 GB as pixels; Pillow refuses larger ones by itself."""


@dataclass(frozen=True)
class Original:
    """What a converted photograph was.

    Attributes:
        format: the name of its format.
        sha256: of its bytes, in hexadecimal.
    """

    format: str
    sha256: str


@dataclass(frozen=True)
class EncodedPhotograph:
    """A photograph's bytes.

    Attributes:
        content: JPEG or PNG; not decoded yet, so it may be broken.
        original: what it was before it was converted; None if these are its own bytes.
    """

    content: bytes
    original: Original | None = None


def original_of(photograph: Path | bytes) -> Original | None:
    """What a readable photograph is, if `encoded_photograph` converts it; None otherwise."""
    content = read_photograph(photograph) if isinstance(photograph, Path) else photograph
    known = check_format(content)
    return None if known.native else Original(known.name, hashlib.sha256(content).hexdigest())


def encoded_photograph(photograph: Path | bytes, *, max_pixels: int = MAX_PIXELS) -> EncodedPhotograph:
    """Reads a photograph, and converts it to PNG unless it is a JPEG or PNG.

    Args:
        photograph: its file or its bytes.
        max_pixels: the largest image that is converted.

    Raises:
        UnreadableImageError: it is missing, no regular file, too large, or of no known format; or it must be
            converted, and is broken.
    """
    content = read_photograph(photograph) if isinstance(photograph, Path) else photograph
    known = check_format(content)
    if known.native:
        return EncodedPhotograph(content)
    original = Original(known.name, hashlib.sha256(content).hexdigest())
    return EncodedPhotograph(converted_to_png(content, known, max_pixels=max_pixels), original)
