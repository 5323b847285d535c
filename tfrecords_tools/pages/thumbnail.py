"""Makes a thumbnail of an image of the records."""

import base64
from io import BytesIO

from tfrecords_tools.reading.records import Records
from tfrecords_tools.shell.errors import UserError

SIDE = 192
"""Largest side of a thumbnail in pixels."""


def thumbnail(records: Records, name: str, content: bytes) -> tuple[str, tuple[int, int]]:
    """A JPEG thumbnail as a `data:` URI, its width and height; without EXIF rotation, as the network sees it.

    Args:
        records: the records of the image, for the error.
        name: the image's id.
        content: the encoded image.

    Raises:
        UserError: it does not decode.
    """
    from PIL import Image

    try:
        with Image.open(BytesIO(content)) as opened:
            opened.thumbnail((SIDE, SIDE))
            opaque = opened.convert("RGBA") if "transparency" in opened.info else opened
            small = opaque.convert("RGB")
    except (OSError, SyntaxError, ValueError) as error:
        raise UserError(
            f"records' images must decode. Received: {records.path}, image {name!r} ({error}). "
            f"See `mmannot-records verify {records.path}`, then build again with --overwrite."
        ) from None
    file = BytesIO()
    small.save(file, format="JPEG", quality=80, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode(), small.size
