"""Reads an image file, and decodes it before it becomes a record."""

from pathlib import Path

from tfrecords_tools.photographs.encoded import EncodedPhotograph, encoded_photograph


def checked_photograph(image: Path | bytes) -> EncodedPhotograph:
    """A photograph that decodes: its bytes if it is a JPEG or PNG, and a PNG of any other format.

    The decoder is that of training and of the models, so what this function returns can be trained.

    Raises:
        UnreadableImageError: the file is missing, of another format, broken or too large.
    """
    from tfrecords_tools.photographs.decoding import check_decodable

    photograph = encoded_photograph(image)
    check_decodable(photograph.content)
    return photograph
