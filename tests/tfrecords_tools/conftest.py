"""A small synthetic set, built once, and fake raw files of MS-COCO in its official layout."""

import json
import shutil
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tfrecords_tools.building.building import build_records
from tfrecords_tools.reading.records import Records, open_records
from tfrecords_tools.synthetic.settings import SyntheticSettings
from tfrecords_tools.synthetic.source import synthetic_source

SMALL = SyntheticSettings(images=40, test_images=12, validation_share=0.25, size=32, seed=3)

CATEGORIES = [{"id": 90, "name": "toothbrush"}, {"id": 1, "name": "person"}, {"id": 18, "name": "dog"}]
"""Ids with gaps, out of order."""


@pytest.fixture(scope="session")
def small_settings() -> SyntheticSettings:
    return SMALL


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Records:
    return build_records(synthetic_source(SMALL), out=tmp_path_factory.mktemp("built"))


@pytest.fixture
def copied(built: Records, tmp_path: Path) -> Records:
    """The small set in a folder that a test may spoil."""
    return open_records(shutil.copytree(built.path, tmp_path / "copied"))


def jpeg(seed: int, *, side: int = 24) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    file = BytesIO()
    Image.fromarray(pixels).save(file, format="JPEG")
    return file.getvalue()


def write_half(
    raw: Path, half: str, images: dict[int, tuple[list[int], list[str]]], *, folder: str = ""
) -> None:
    """Writes one half: by image id, its category ids (repeats allowed) and its captions."""
    place = raw / folder / half
    place.mkdir(parents=True)
    (raw / "annotations").mkdir(exist_ok=True)
    entries = [{"id": image, "file_name": f"{image:012d}.jpg"} for image in images]
    objects = [
        {"id": 100 * image + number, "image_id": image, "category_id": category, "iscrowd": number % 2}
        for image, (categories, _) in images.items()
        for number, category in enumerate(categories)
    ]
    notes = [
        {"id": 100 * image + number, "image_id": image, "caption": caption}
        for image, (_, captions) in images.items()
        for number, caption in enumerate(captions)
    ]
    for entry in entries:
        (place / entry["file_name"]).write_bytes(jpeg(entry["id"]))
    instances = {"images": entries, "annotations": objects, "categories": CATEGORIES}
    (raw / "annotations" / f"instances_{half}.json").write_text(json.dumps(instances))
    (raw / "annotations" / f"captions_{half}.json").write_text(
        json.dumps({"images": entries, "annotations": notes})
    )


TRAIN = {
    **{image: ([1, 18, 18], ["A dog and a man.", "two dogs "]) for image in range(1, 21)},
    21: ([], ["an empty street"]),
    22: ([90], []),
    23: ([90, 1], [" \n"]),
}
"""20 ordinary images, one without a label, one without captions, one with a blank caption."""
TEST = {50: ([18], ["The dog's 2 toys"]), 51: ([1], ["someone"])}


@pytest.fixture
def coco_raw(tmp_path: Path) -> Callable[..., Path]:
    """Makes a raw folder: `coco_raw(year=2017, folder="images")`."""

    def make(*, year: int = 2017, folder: str = "", name: str = "raw") -> Path:
        raw = tmp_path / name
        write_half(raw, f"train{year}", TRAIN, folder=folder)
        write_half(raw, f"val{year}", TEST, folder=folder)
        return raw

    return make


@pytest.fixture
def edited() -> Callable[[Path, Callable[[dict], object]], None]:
    """Rewrites a JSON file after a change: `edited(path, lambda document: document.pop("images"))`."""

    def edit(path: Path, change: Callable[[dict], object]) -> None:
        document = json.loads(path.read_text())
        change(document)
        path.write_text(json.dumps(document))

    return edit


@pytest.fixture(scope="session")
def make_jpeg() -> Callable[..., bytes]:
    return jpeg
