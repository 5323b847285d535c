"""From a manifest and its photographs to the batches that training reads."""

import csv
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mmannot_tf.config.settings import DataSettings
from mmannot_tf.data.arrays import load_arrays
from mmannot_tf.data.image_batches import ImageBatches
from mmannot_tf.weights.provenance import CENTRED
from tfrecords_tools.building.building import build_records
from tfrecords_tools.manifest.settings import ManifestSettings
from tfrecords_tools.manifest.source import manifest_source
from tfrecords_tools.reading.records import Records
from tfrecords_tools.tag_rule.rule import normalize_tag

SPLITS = ("train", "validation", "test")

WORDS = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters=";"), min_size=1, max_size=5
).filter(lambda word: word == word.strip())
"""Any text but line breaks, the separator and blanks at its ends: commas, quotes, digits, any script."""


@st.composite
def manifests(draw) -> list[dict]:
    """2 to 4 rows a split, each with a label, in any order."""
    labels = draw(st.lists(WORDS, min_size=1, max_size=5, unique=True))
    tags = draw(st.lists(WORDS, max_size=6))
    splits = [name for name in SPLITS for _ in range(draw(st.integers(2, 4)))]
    rows = [
        {
            "path": f"{'sub, dir/' * draw(st.booleans())}{number}.jpg",
            "labels": draw(st.lists(st.sampled_from(labels), min_size=1, max_size=4)),
            "tags": draw(st.lists(st.sampled_from(tags), max_size=5)) if tags else [],
            "split": split,
        }
        for number, split in enumerate(splits)
    ]
    return draw(st.permutations(rows))


def write(folder: Path, rows: list[dict], kind: str) -> ManifestSettings:
    """Writes the manifest and the photographs, each of one grey level that tells which it is."""
    for row in rows:
        path = folder / "raw" / row["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (32, 32), (grey(row["path"]),) * 3).save(path)
    manifest = folder / f"own.{kind}"
    with manifest.open("w", encoding="utf-8", newline="") as file:
        if kind == "jsonl":
            file.writelines(json.dumps(row) + "\n" for row in rows)
        else:
            table = csv.DictWriter(file, ["path", "labels", "tags", "split"])
            table.writeheader()
            for row in rows:
                table.writerow(row | {name: ";".join(row[name]) for name in ("labels", "tags")})
    return ManifestSettings(manifest, folder / "raw")


def spelled(tags: Iterable[str]) -> set[str]:
    """The tags as records hold them; some have no letter that is kept."""
    return {normalize_tag(tag) for tag in tags} - {""}


def grey(path: str) -> int:
    return 10 + 20 * int(Path(path).stem)


def check_split(records: Records, split: str, rows: dict[str, dict]) -> None:
    arrays = load_arrays(records, split, records.vocabulary)
    assert sorted(arrays.ids) == sorted(rows)
    batches = ImageBatches(records, DataSettings(image_size=32), CENTRED, batch_size=3).split(split)
    images, targets = zip(*batches.as_numpy_iterator(), strict=True)
    level = np.concatenate(images).mean(axis=(1, 2, 3))
    np.testing.assert_array_equal(np.argsort(level), np.argsort([grey(path) for path in arrays.ids]))
    np.testing.assert_array_equal(np.concatenate(targets), arrays.labels)
    for path, labels, tags in zip(arrays.ids, arrays.labels, arrays.tag_lists, strict=True):
        known = spelled(rows[path]["tags"])
        assert [float(name in rows[path]["labels"]) for name in records.labels] == labels.tolist()
        expected = [index for index, tag in enumerate(records.vocabulary) if tag in known]
        assert [index for index in tags.tolist() if index >= 0] == expected


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "count"),
    [("csv", 3), *(pytest.param(kind, 12, marks=pytest.mark.exhaustive) for kind in ("csv", "jsonl"))],
)
def test_what_is_written_into_a_manifest_comes_out_of_the_batches(tmp_path_factory, kind, count):
    @settings(max_examples=count, deadline=None)
    @given(manifests())
    def round_trip(rows: list[dict]) -> None:
        folder = tmp_path_factory.mktemp("own")
        records = build_records(manifest_source(write(folder, rows, kind)), out=folder / "out")
        assert set(records.labels) == {label for row in rows for label in row["labels"]}
        learned = [row for row in rows if row["split"] == "train"]
        assert set(records.vocabulary) == spelled(tag for row in learned for tag in row["tags"])
        for split in SPLITS:
            check_split(records, split, {row["path"]: row for row in rows if row["split"] == split})

    round_trip()
