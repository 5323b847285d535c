from io import BytesIO
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tfrecords_tools.building.near_duplicates import DISTANCE, NearDuplicates, _candidates


def picture(
    seed: int, *, quality: int = 95, side: int = 256, orientation: int = 1, file_format: str = "JPEG"
) -> bytes:
    blots = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    image = Image.fromarray(blots).resize((side, side), Image.Resampling.BICUBIC)
    if orientation == 3:
        image = image.rotate(180)
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = BytesIO()
    several = {"save_all": True, "append_images": [image]} if file_format == "MPO" else {}
    image.save(file, format=file_format, quality=quality, exif=exif, **several)
    return file.getvalue()


def pairs(*photographs: tuple[str, bytes]) -> list[tuple[str, str]]:
    pytest.importorskip("imagehash")
    alike = NearDuplicates()
    for number, (split, image) in enumerate(photographs):
        alike.add(split, str(number), image, content=str(hash(image)))
    return alike.pairs()


def test_the_same_picture_in_another_quality_size_or_orientation_is_alike():
    train = [("train", picture(seed)) for seed in range(4)]
    test = [picture(0, quality=50), picture(1, side=128), picture(2, orientation=3), picture(9)]
    assert pairs(*train, *(("test", image) for image in test)) == [
        ("0 (train)", "4 (test)"),
        ("1 (train)", "5 (test)"),
        ("2 (train)", "6 (test)"),
    ]


@pytest.mark.parametrize("file_format", ["PNG", "MPO"])
def test_other_formats_of_records_are_read(file_format):
    other = picture(1, file_format=file_format)
    assert pairs(("train", picture(1)), ("test", other)) == [("0 (train)", "1 (test)")]


def test_equal_bytes_and_one_split_are_no_near_duplicates():
    assert pairs(("train", picture(0)), ("train", picture(0, quality=50)), ("test", picture(5))) == []
    assert pairs(("train", picture(0)), ("test", picture(0))) == []


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 2**64 - 1), max_size=8), st.randoms(use_true_random=False))
def test_candidates_are_what_comparing_all_pairs_finds(hashes, random):
    for number in list(hashes):
        flipped = random.sample(range(64), random.randrange(8))
        hashes.append(number ^ sum(1 << bit for bit in flipped))
    expected = {
        (first, second)
        for (first, one), (second, other) in combinations(enumerate(hashes), 2)
        if (one ^ other).bit_count() <= DISTANCE
    }
    assert set(_candidates(np.array(hashes, np.uint64))) == expected
