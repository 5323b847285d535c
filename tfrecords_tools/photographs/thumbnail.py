"""Small pictures of photographs for pages."""

import base64
from io import BytesIO

from tfrecords_tools.photographs.conversion import small_picture

QUALITY = 80
"""Of JPEG."""


def thumbnail_uri(content: bytes, side: int) -> tuple[str, tuple[int, int]]:
    """An upright JPEG as a `data:` URI, its width and height.

    Args:
        content: the photograph's file.
        side: of the square that it fits into, in pixels.

    Raises:
        UnreadableImageError: it is broken.
    """
    small, file = small_picture(content, side), BytesIO()
    small.save(file, format="JPEG", quality=QUALITY, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode(), small.size
