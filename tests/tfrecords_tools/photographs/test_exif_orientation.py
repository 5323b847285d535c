import io
import struct

import pytest
import tensorflow as tf
from PIL import ExifTags, Image

from tfrecords_tools.photographs.exif_orientation import orientation_of


@pytest.mark.parametrize(("segments", "size"), [(9, 65_000), (70, 10)])
def test_exif_behind_a_large_profile_or_many_segments_is_found(segments, size):
    exif, file = Image.Exif(), io.BytesIO()
    exif[ExifTags.Base.Orientation] = 6
    Image.new("RGB", (8, 8)).save(file, "JPEG", exif=exif)
    segment = b"\xff\xe2" + struct.pack(">H", size + 2) + bytes(size)
    content = file.getvalue()[:2] + segment * segments + file.getvalue()[2:]
    assert Image.open(io.BytesIO(content)).getexif()[ExifTags.Base.Orientation] == 6
    assert orientation_of(tf.constant(content)).numpy() == 6


def test_exif_behind_the_chunks_of_a_large_png_is_found():
    exif, file = Image.Exif(), io.BytesIO()
    exif[ExifTags.Base.Orientation] = 6
    Image.new("RGB", (8, 8)).save(file, "PNG", exif=exif)
    content, size = file.getvalue(), 8192
    start = content.index(b"eXIf") - 4
    chunk = struct.pack(">I", size) + b"none" + bytes(size + 4)
    assert orientation_of(tf.constant(content[:start] + chunk * 4200 + content[start:])).numpy() == 6
