"""From the official layout to records and back."""

import json
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tfrecords_tools.building.building import build_records
from tfrecords_tools.building.rules import Rules
from tfrecords_tools.nus_wide.settings import NusWideSettings
from tfrecords_tools.nus_wide.source import nus_wide_source
from tfrecords_tools.reading.records import Records, read
from tfrecords_tools.shell.errors import UserError


def build(out: Path, raw: Path, **changes) -> Records:
    return build_records(nus_wide_source(NusWideSettings(raw, validation_share=0.3, **changes)), out=out)


def examples(records: Records) -> dict[str, dict]:
    return {
        one["id"].decode(): one
        for split in records.splits
        for one in read(records, split).as_numpy_iterator()
    }


def as_jpeg(mode: str) -> bytes:
    file = BytesIO()
    Image.new(mode, (20, 16), "red" if mode == "CMYK" else 90).save(file, format="JPEG")
    return file.getvalue()


def test_records_hold_the_labels_tags_and_bytes_of_every_kept_image(
    raw_with_images: Path, tmp_path: Path, halves, concepts
):
    records = build(tmp_path / "out", raw_with_images)
    assert records.path.relative_to(tmp_path / "out").parts == ("nus_wide", "paper", "1.0.0")
    assert records.labels == concepts
    found = examples(records)
    kept = [image for half in halves for image in half if image[1] and image[2]]
    assert set(found) == {file.removesuffix(".jpg") for file, _, _ in kept}
    for file, labels, tags in kept:
        one = found[file.removesuffix(".jpg")]
        assert [concepts[label] for label in one["labels"]] == [name for name in concepts if name in labels]
        assert {tag.decode() for tag in one["tags"]} == tags
        assert one["image"] == (raw_with_images / "Flickr" / file).read_bytes()


@pytest.mark.parametrize(
    ("protocol", "images"), [("official-all", 50), ("150000-59347", 48), ("150000-40253", 46)]
)
def test_the_other_protocols_build_into_folders_of_their_own(
    raw_with_images: Path, tmp_path: Path, protocol: str, images: int
):
    records = build(tmp_path / "out", raw_with_images, protocol=protocol)
    assert records.path.parent.name == protocol
    assert sum(records.splits.values()) == images
    assert len(records.published) == 1


def test_errors_in_raw_files_stop_a_build_unless_repaired(raw_with_images: Path, tmp_path: Path, edited):
    edited(raw_with_images / "Groundtruth" / "TrainTestLabels" / "Labels_lake_Train.txt", 9, "-1130179")
    edited(raw_with_images / "ImageList" / "TestImagelist.txt", 3, r"car_crash\0002_1002.jpg")
    with pytest.raises(UserError, match=r"and 1 more.*--repair-labels"):
        build(tmp_path / "out", raw_with_images)
    records = build(tmp_path / "out", raw_with_images, rules=Rules(repair_labels=True))
    repaired = json.loads((records.path / "records.json").read_text())["repaired"]
    assert repaired[1].startswith("Groundtruth/TrainTestLabels/Labels_lake_Train.txt:9: value '-1130179'")
    assert len(repaired) == 2
    assert "car_crash/0032_1032" not in examples(records)


def test_photographs_under_two_paths_and_missing_images_are_in_the_metadata(
    raw_with_images: Path, tmp_path: Path, edited
):
    edited(raw_with_images / "ImageList" / "TestImagelist.txt", 3, r"power_plant\0444_1002.jpg")
    records = build(tmp_path / "out", raw_with_images, rules=Rules(bad_share=0.1))
    marker = json.loads((records.path / "records.json").read_text())
    assert marker["repeated"] == {"1002": ["car_crash/0002_1002", "power_plant/0444_1002"]}
    assert [(bad["file"].rpartition("/")[2], bad["reason"]) for bad in marker["unreadable"]] == [
        ("0444_1002.jpg", "missing")
    ]


def test_groups_are_a_feature_of_their_own(raw_with_images: Path, tmp_path: Path):
    file = tmp_path / "groups.tsv"
    file.write_text("1030\tCats\tSunsets\n", encoding="utf-8")
    records = build(tmp_path / "out", raw_with_images, groups=file)
    assert records.has_groups
    found = examples(records)
    assert found["actor/0030_1030"]["groups"].tolist() == [b"Cats", b"Sunsets"]
    assert found["power_plant/0031_1031"]["groups"].tolist() == []


def test_greyscale_and_cmyk_jpegs_are_stored_as_they_are_and_decode_to_three_channels(
    raw_with_images: Path, tmp_path: Path
):
    import tensorflow as tf

    grey, cmyk = as_jpeg("L"), as_jpeg("CMYK")
    (raw_with_images / "Flickr" / "actor" / "0030_1030.jpg").write_bytes(grey)
    (raw_with_images / "Flickr" / "power_plant" / "0031_1031.jpg").write_bytes(cmyk)
    found = examples(build(tmp_path / "out", raw_with_images))
    assert found["actor/0030_1030"]["image"] == grey
    assert found["power_plant/0031_1031"]["image"] == cmyk
    for content in (grey, cmyk):
        pixels = tf.io.decode_image(content, channels=3, expand_animations=False).numpy()
        expected = np.asarray(Image.open(BytesIO(content)).convert("RGB"))
        assert pixels.shape == expected.shape == (16, 20, 3)
        assert np.abs(pixels.astype(int) - expected).max() <= 4
