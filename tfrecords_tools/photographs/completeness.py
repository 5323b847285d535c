"""Whether a JPEG or PNG is whole, without decoding its pixels. Imports no TensorFlow."""

import zlib

from tfrecords_tools.photographs.size_limits import JPEG, PNG, START_OF_SCAN

END_OF_IMAGE = b"\xff\xd9"
LAST_PART = b"IEND"
_PART = 12
"""Bytes of a PNG's part beside its content: length, name, checksum."""


def is_complete(encoded: bytes) -> bool:
    """Whether a JPEG has its end after its last scan, and all parts of a PNG have their checksums.

    A JPEG has no checksum: damage in its middle is not noticed.

    Args:
        encoded: JPEG or PNG.
    """
    if encoded.startswith(JPEG):
        return encoded.rfind(END_OF_IMAGE) > encoded.rfind(START_OF_SCAN) >= 0
    return encoded.startswith(PNG) and _has_all_parts(encoded)


def _has_all_parts(encoded: bytes) -> bool:
    position, view = len(PNG), memoryview(encoded)
    while position + _PART <= len(encoded):
        name, end = position + 4, position + 8 + int.from_bytes(encoded[position : position + 4])
        if zlib.crc32(view[name:end]).to_bytes(4) != encoded[end : end + 4]:
            return False
        if encoded[name : name + 4] == LAST_PART:
            return True
        position = end + 4
    return False
