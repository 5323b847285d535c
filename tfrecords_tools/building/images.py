"""Reads an image file, and decodes it before it becomes a record."""

from pathlib import Path

from tfrecords_tools.photographs.completeness import is_complete
from tfrecords_tools.photographs.encoded import EncodedPhotograph, encoded_photograph
from tfrecords_tools.photographs.unreadable import UnreadableImageError


def checked_photograph(image: Path | bytes, *, quick: bool = False) -> EncodedPhotograph:
    """A photograph that decodes: its bytes if it is a JPEG or PNG, and a PNG of any other format.

    The decoder is that of training and of the models, so what this function returns can be trained.

    Args:
        image: its file or its bytes.
        quick: only whether header and end are there, and a PNG's checksums; damage in the middle of a JPEG is
            not noticed.

    Raises:
        UnreadableImageError: the file is missing, of another format, broken or too large.
    """
    from tfrecords_tools.photographs.decoding import check_decodable, check_size

    photograph = encoded_photograph(image)
    if not quick:
        check_decodable(photograph.content)
        return photograph
    check_size(photograph.content)
    if not is_complete(photograph.content):
        raise UnreadableImageError("truncated or damaged")
    return photograph
