"""benchmarks/nus_wide_tree.py, and what the real labels give when laid out officially."""

import json
from collections import Counter
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tfrecords_tools.building.building import build_records
from tfrecords_tools.building.rules import Rules
from tfrecords_tools.nus_wide.settings import NusWideSettings
from tfrecords_tools.nus_wide.source import nus_wide_source
from tfrecords_tools.reading.inspection import inspect

TAG_NAMES = tuple(f"tag{number}" for number in range(16))


def test_a_tree_says_what_it_was_given(tree, tmp_path: Path):
    labels = np.array([[1, 0], [0, 1], [1, -1130179]])
    tags = np.array([[15, 0], [3, -1], [-1, -1]])
    files = ["a_b/0_10.jpg", "a_b/1_11.jpg", "c/2_12.jpg"]
    train = tree.Half(files, labels, tags)
    test = tree.Half(["c/3_13.jpg"], labels[:1], tags[:1])
    concepts = ("water", "waterfall")
    tree.write_tree(tmp_path, train, test, concepts=concepts, tag_names=TAG_NAMES, images=True)
    assert (tmp_path / "ImageList" / "TrainImagelist.txt").read_text().split("\n")[0] == r"a_b\0_10.jpg"
    row = (tmp_path / "NUS_WID_Tags" / "Train_Tags1k.dat").read_text().split("\n")[0]
    assert row == "1\t" + "0\t" * 14 + "1\t"
    source = nus_wide_source(NusWideSettings(tmp_path, protocol="official-all", validation_share=1e-9))
    assert [(one.labels, one.tags) for one in source.splits["train"].examples()] == [
        (("water",), ("tag0", "tag15")),
        (("waterfall",), ("tag3",)),
        (("water",), ()),
    ]
    assert [defect.row for defect in source.defects] == [3]


def test_every_image_file_is_a_small_jpeg_of_its_own_bytes(tree, tmp_path: Path):
    tree.main(["--out", str(tmp_path / "raw"), "--images", "40"])
    files = sorted((tmp_path / "raw" / "Flickr").rglob("*.jpg"))
    contents = [file.read_bytes() for file in files]
    assert len(set(contents)) == 40
    assert all(500 < len(content) < 1600 for content in contents)
    for file, content in zip(files, contents, strict=True):
        with Image.open(BytesIO(content)) as image:
            assert image.convert("RGB").size == (32, 32)
            assert image.info["comment"] == "/".join(file.parts[-2:]).encode()


def test_a_made_up_tree_builds(tree, tmp_path: Path):
    tree.main(["--out", str(tmp_path / "raw"), "--images", "50"])
    source = nus_wide_source(NusWideSettings(tmp_path / "raw", protocol="official-all", validation_share=0.3))
    assert len(source.labels) == 81
    assert source.splits["test"].candidates == 20
    records = build_records(source, out=tmp_path / "out")
    assert sum(records.splits.values()) == 50


@pytest.fixture(scope="session")
def real_tree(tree, shared: Path, tmp_path_factory) -> Path:
    """The real labels and lists; of the labelled images, 209,347 - 190,253 bear no tag, the others one."""
    halves, concepts = tree.read_real(shared / "data" / "nus_wide")
    labelled = np.concatenate([(half.labels == 1).any(axis=1) for half in halves.values()])
    tags = np.where(labelled & (np.cumsum(labelled) <= 209_347 - 190_253), -1, 5)[:, None]
    train = tree.Half(halves["train"].files, halves["train"].labels, tags[:161_789])
    test = tree.Half(halves["test"].files, halves["test"].labels, tags[161_789:])
    raw = tmp_path_factory.mktemp("real") / "raw"
    tree.write_tree(raw, train, test, concepts=concepts, tag_names=TAG_NAMES, images=True)
    return raw


@pytest.mark.real
@pytest.mark.exhaustive
def test_the_builder_makes_the_published_counts_of_the_real_labels(real_tree: Path, tmp_path: Path):
    rules = Rules(repair_labels=True, keep_untagged=True, bad_share=0.0)
    records = build_records(nus_wide_source(NusWideSettings(real_tree, rules=rules)), out=tmp_path)
    counts = inspect(records)["splits"]
    assert counts["train"]["images"] + counts["validation"]["images"] == 125_449
    assert counts["test"]["images"] == 83_898
    for split in counts.values():
        assert split["label_frequencies"]["water"] > 10 * split["label_frequencies"]["waterfall"] > 0
    assert max(int(quantity) for split in counts.values() for quantity in split["labels_histogram"]) == 13
    repaired = json.loads((records.path / "records.json").read_text())["repaired"]
    assert len(repaired) == 1
    assert "Labels_lake_Train.txt:78373" in repaired[0]


@pytest.mark.real
@pytest.mark.exhaustive
def test_the_real_labels_give_the_published_counts(real_tree: Path):
    rules = Rules(repair_labels=True)
    source = nus_wide_source(NusWideSettings(real_tree, rules=rules))
    labels: dict[str, Counter] = {"train": Counter(), "test": Counter()}
    labelled: Counter[str] = Counter()
    most = 0
    for name, split in source.splits.items():
        half = "test" if name == "test" else "train"
        for one in split.examples():
            labels[half].update(one.labels)
            labelled[half] += bool(one.labels)
            most = max(most, len(one.labels))
    assert labelled == {"train": 125_449, "test": 83_898}
    assert most == 13
    for counts in labels.values():
        assert counts["water"] > 10 * counts["waterfall"] > 0
        assert counts["sunset"] > counts["sun"] > 0
    assert labels["train"]["water"] == 21_004
    assert source.candidates == 269_648


@pytest.mark.real
@pytest.mark.exhaustive
def test_the_bad_lake_value_of_the_real_files_is_named_with_its_row(real_tree: Path):
    (defect,) = nus_wide_source(NusWideSettings(real_tree)).defects
    assert (defect.file, defect.row) == ("Groundtruth/TrainTestLabels/Labels_lake_Train.txt", 78_373)
    assert "'-1130179'" in defect.problem


@pytest.mark.real
@pytest.mark.exhaustive
@pytest.mark.parametrize(("protocol", "test"), [("150000-59347", 59_347), ("150000-40253", 40_253)])
def test_the_drawn_protocols_have_their_published_counts(real_tree: Path, protocol: str, test: int):
    splits = nus_wide_source(NusWideSettings(real_tree, protocol=protocol)).splits
    train = splits["train"].candidates + splits["validation"].candidates
    assert (train, splits["test"].candidates) == (150_000, test)
    assert splits["validation"].candidates / 150_000 == pytest.approx(0.1, abs=0.005)


@pytest.mark.real
@pytest.mark.exhaustive
def test_photographs_that_the_real_lists_repeat_are_listed(real_tree: Path):
    repeated = nus_wide_source(NusWideSettings(real_tree)).repeated
    assert {"1100787682", "2728487708", "702409954"} <= repeated.keys()
    assert all(len(ids) == 2 for ids in repeated.values())
