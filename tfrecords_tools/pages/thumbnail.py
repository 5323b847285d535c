"""Makes a thumbnail of an image of the records."""

from tfrecords_tools.photographs.thumbnail import thumbnail_uri
from tfrecords_tools.photographs.unreadable import UnreadableImageError
from tfrecords_tools.reading.records import Records
from tfrecords_tools.shell.errors import UserError

SIDE = 192
"""Largest side of a thumbnail in pixels."""


def thumbnail(records: Records, name: str, content: bytes) -> tuple[str, tuple[int, int]]:
    """An upright JPEG thumbnail as a `data:` URI, its width and height.

    Args:
        records: the records of the image, for the error.
        name: the image's id.
        content: the encoded image.

    Raises:
        UserError: it does not decode.
    """
    try:
        return thumbnail_uri(content, SIDE)
    except UnreadableImageError as error:
        raise UserError(
            f"records' images must decode. Received: {records.path}, image {name!r} ({error}). "
            f"See `mmannot-records verify {records.path}`, then build again with --overwrite."
        ) from None
