"""Reads the EXIF orientation of a JPEG or PNG as `exif_orientation` does in a graph, without TensorFlow."""

import struct

from tfrecords_tools.photographs.size_limits import JPEG

UPRIGHT = 1
"""The orientation of an image whose pixels are stored as they are seen."""
ORIENTATION_TAG, SHORT, LONG = 0x0112, 3, 4
"""Orientation (TIFF 6.0, p. 36) and its types. EXIF demands SHORT; Pillow reads LONG as well."""
MAX_ENTRIES = 1024
"""Entries of a directory that are read. Cameras write about 20, sorted; orientation is among the first."""
MAX_SEGMENTS = 512
"""Segments of a JPEG that are read in search of Exif, which may stand behind a profile in many segments."""
SEARCHED_BYTES = 2**22
"""Bytes of a JPEG in which Exif begins."""
MAX_CHUNKS, BYTES_PER_CHUNK = 4096, 2**13
"""Chunks of a PNG that are read in search of eXIf; of a large file one for every 8 KiB, as libpng writes."""
EXIF, EXIF_CHUNK = b"Exif\0\0", b"eXIf"


def stated_orientation(encoded: bytes) -> int:
    """The orientation of an image as EXIF states it.

    Args:
        encoded: JPEG or PNG. Broken ones, and anything else, raise no error.

    Returns:
        1 to 8; 1 if there is no EXIF, or it is broken or states another number.
    """
    if encoded.startswith(JPEG):
        return _of_tiff(_jpeg_exif(encoded))
    return _of_tiff(_png_exif(encoded)) if EXIF_CHUNK in encoded else UPRIGHT


def _jpeg_exif(encoded: bytes) -> bytes:
    """The TIFF file in the first APP1 segment with Exif before the pixels; empty if there is none."""
    position = 2
    for _ in range(MAX_SEGMENTS):
        if position >= min(len(encoded), SEARCHED_BYTES):
            break
        marker, length = struct.unpack(">HH", _padded(encoded, position, 4))
        if marker == 0xFFE1 and encoded[position + 4 : position + 10] == EXIF:
            return encoded[position + 10 : position + 2 + max(length, 8)]
        if marker in (0xFFD9, 0xFFDA):  # the pixels
            break
        # Between segments libjpeg skips bytes that are no marker; FFFF fills, FFD0 to FFD8 have no length.
        if marker <= 0xFF00 or marker == 0xFFFF:
            position += 1
        elif 0xFFD0 <= marker <= 0xFFD8:
            position += 2
        else:
            position += 2 + length
    return b""


def _png_exif(encoded: bytes) -> bytes:
    """The content of the first eXIf chunk, which may stand behind the pixels; empty if there is none."""
    position = 8
    for _ in range(max(MAX_CHUNKS, len(encoded) // BYTES_PER_CHUNK)):
        if position >= len(encoded):
            break
        (length,) = struct.unpack(">i", _padded(encoded, position, 4))
        kind = encoded[position + 4 : position + 8]
        if kind == EXIF_CHUNK:
            return encoded[position + 8 : position + 8 + max(length, 0)]
        if kind == b"IEND" or length < 0:
            break
        position += 12 + length
    return b""


def _of_tiff(content: bytes) -> int:
    """The orientation in the first directory of a TIFF file, which Exif's own header may precede."""
    tiff = content.removeprefix(EXIF)
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return UPRIGHT
    (start,) = struct.unpack(f"{order}i", _padded(tiff, 4, 4))
    if not 0 <= start <= len(tiff):
        start = len(tiff)
    (stated,) = struct.unpack(f"{order}H", _padded(tiff, start, 2))
    entries = min(max(stated, 1), MAX_ENTRIES)
    found = UPRIGHT
    for tag, kind, count, value in struct.iter_unpack(
        f"{order}HHI4s", _padded(tiff, start + 2, 12 * entries)
    ):
        if tag == ORIENTATION_TAG and count == 1 and kind in (SHORT, LONG):
            (number,) = struct.unpack_from(f"{order}{'H' if kind == SHORT else 'I'}", value)
            found = max(found, number) if number <= 8 else found
    return found


def _padded(content: bytes, position: int, length: int) -> bytes:
    """So many bytes from `position` on; zeros behind the end."""
    return content[position : position + length].ljust(length, b"\0")
