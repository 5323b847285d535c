import io
import struct

import pytest
from PIL import Image

from tfrecords_tools.photographs import limited_reads
from tfrecords_tools.photographs.limited_reads import MAX_READS, LimitedReads


def test_a_bitmap_of_short_runs_is_read():
    side = 400
    rows = b"".join(bytes([1, column % 256]) for column in range(side)) + b"\0\0"
    data = rows * side + b"\0\1"
    palette = b"".join(bytes([shade, shade, shade, 0]) for shade in range(256))
    start = 54 + len(palette)
    header = b"BM" + struct.pack("<IHHI", start + len(data), 0, 0, start)
    header += struct.pack("<IiiHHIIiiII", 40, side, side, 1, 8, 1, len(data), 0, 0, 256, 256)
    with Image.open(LimitedReads(header + palette + data), formats=["BMP"]) as image:
        assert image.convert("RGB").getpixel((300, 7)) == (44, 44, 44)


@pytest.mark.parametrize("content", [b"x", b"GIF89a" + bytes(MAX_READS)], ids=["small", "large"])
def test_reading_without_end_stops(content):
    file = LimitedReads(content)
    with pytest.raises(OSError, match="too long to read"):
        for _ in range(MAX_READS + 1):
            file.seek(0, io.SEEK_SET)
            file.read(1)


def test_reading_for_long_stops(monkeypatch):
    file = LimitedReads(b"xy")
    assert file.read(1) == b"x"
    monkeypatch.setattr(limited_reads, "MAX_SECONDS", -1.0)
    with pytest.raises(OSError, match="too long to read"):
        file.read(1)
