"""How large a JPEG or PNG may be that is decoded. Imports no TensorFlow."""

from tfrecords_tools.photographs.encoded import MAX_PIXELS
from tfrecords_tools.photographs.unreadable import UnreadableImageError

JPEG, PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
"""The first bytes by which TensorFlow's decoder tells the two formats apart."""
START_OF_SCAN = b"\xff\xda"
MAX_SCANNED_PIXELS = 4_000_000_000
"""Pixels times scans of a JPEG: a scan of a few bytes takes a nanosecond a pixel, and files may have many."""
OVERSAMPLING = 2
"""How many times longer than needed the shorter side of a reduced JPEG stays. At 2.4 times, an antialiased
resize of a noisy photograph of 4032 x 3024 differs from that of all its pixels by 0.9 grey levels on average
(at most 4.8); at 3.4 times by 0.4 (3.2), at 1.7 times by 1.7 (9.1)."""
RATIOS = (1, 2, 4, 8)
"""The fractions 1/r at which libjpeg can decode a JPEG."""


def check_pixels(encoded: bytes, width: int, height: int, *, max_pixels: int = MAX_PIXELS) -> int:
    """Checks the size that an image's header states, and returns the number of its pixels.

    Args:
        encoded: JPEG or PNG.
        width: in pixels.
        height: in pixels.
        max_pixels: the largest number of pixels.

    Raises:
        UnreadableImageError: it has more pixels, or too many scans.
    """
    if width * height > max_pixels:
        raise UnreadableImageError(f"{width} x {height} pixels, more than {max_pixels:,}")
    scans = encoded.count(START_OF_SCAN) if encoded.startswith(JPEG) else 1
    if scans * width * height > MAX_SCANNED_PIXELS:
        raise UnreadableImageError(f"{scans} scans of {width} x {height} pixels, which take too long")
    return width * height
