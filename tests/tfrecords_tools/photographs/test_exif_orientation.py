import io
import random
import struct

import pytest
import tensorflow as tf
from mutated_images import mutated_images, pictures
from PIL import ExifTags, Image
from tiers import exhaustive

from tfrecords_tools.photographs.exif_orientation import orientation_of
from tfrecords_tools.photographs.stated_orientation import stated_orientation


def _orientation(content):
    """As the graph reads it, and the same without TensorFlow."""
    stated = orientation_of(tf.constant(content)).numpy()
    assert stated_orientation(content) == stated
    return stated


@pytest.mark.parametrize(("segments", "size"), [(9, 65_000), (70, 10)])
def test_exif_behind_a_large_profile_or_many_segments_is_found(segments, size):
    exif, file = Image.Exif(), io.BytesIO()
    exif[ExifTags.Base.Orientation] = 6
    Image.new("RGB", (8, 8)).save(file, "JPEG", exif=exif)
    segment = b"\xff\xe2" + struct.pack(">H", size + 2) + bytes(size)
    content = file.getvalue()[:2] + segment * segments + file.getvalue()[2:]
    assert Image.open(io.BytesIO(content)).getexif()[ExifTags.Base.Orientation] == 6
    assert _orientation(content) == 6


def test_exif_behind_the_chunks_of_a_large_png_is_found():
    exif, file = Image.Exif(), io.BytesIO()
    exif[ExifTags.Base.Orientation] = 6
    Image.new("RGB", (8, 8)).save(file, "PNG", exif=exif)
    content, size = file.getvalue(), 8192
    start = content.index(b"eXIf") - 4
    chunk = struct.pack(">I", size) + b"none" + bytes(size + 4)
    assert _orientation(content[:start] + chunk * 4200 + content[start:]) == 6


def test_damaged_files_are_read_alike_in_a_graph_and_without():
    stated = {_orientation(content) for _, content in mutated_images(300, seed=5)}
    assert stated == {*range(1, 9)}


@pytest.mark.parametrize("count", [100, *exhaustive([4000])])
def test_damaged_exif_is_read_alike_in_a_graph_and_without(count):
    """Up to four bytes of the directory changed, a tenth of the files cut short."""
    generator = random.Random(1)
    names = {"jpg": b"Exif", "png": b"eXIf"}
    turned = [
        (content, content.find(names[name[-3:]]))
        for name, content in pictures()
        if "turned" in name and name[-3:] in names
    ]
    for _ in range(count):
        content, at = generator.choice([each for each in turned if each[1] >= 0])
        changed = bytearray(content)
        for _ in range(generator.randint(1, 4)):
            place = generator.randrange(max(at - 12, 0), min(at + 40, len(content)))
            changed[place] = generator.choice([0, 1, 2, 3, 4, 6, 8, 255, generator.randrange(256)])
        if generator.random() < 0.1:
            del changed[generator.randrange(len(changed)) :]
        _orientation(bytes(changed))
