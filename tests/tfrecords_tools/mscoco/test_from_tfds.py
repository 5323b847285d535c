"""Both routes compared: TFDS' own format, written from fake official files by its own builder."""

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import tensorflow_datasets as tfds
from tensorflow_datasets.core.download.download_manager import NonMatchingChecksumError
from tensorflow_datasets.object_detection.coco_captions import CocoCaptions

from tfrecords_tools.building.building import build_records
from tfrecords_tools.mscoco.settings import MscocoSettings
from tfrecords_tools.mscoco.source import mscoco_source
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.tensorflow_logging import quiet_tfds

GAPS = {12, 26, 29, 30, 45, 66, 68, 69, 71, 83}
"""Of the ids 1 to 90, those that no category has."""


class FromFiles(CocoCaptions, skip_registration=True):
    """TFDS' builder with its own features and version, reading the official layout in place of downloads."""

    def __init__(self, *, raw: Path, data_dir: Path):
        self.name = "coco_captions"
        self._raw = raw
        super().__init__(data_dir=data_dir, config="2014")

    def _split_generators(self, dl_manager) -> dict[str, Iterator]:
        val = [image["id"] for image in self._document("instances", "val")["images"]]
        parts = {"val": val[:1], "test": val[1:2], "restval": val[2:]}
        train = [image["id"] for image in self._document("instances", "train")["images"]]
        return {
            "train": self._generate_examples("train", train),
            **{part: self._generate_examples("val", ids) for part, ids in parts.items()},
        }

    def _generate_examples(self, half: str, ids: list[int]) -> Iterator[tuple[str, dict]]:
        instances = self._document("instances", half)
        names = {category["id"]: category["name"] for category in instances["categories"]}
        self.info.features["objects"]["label"].names = [names[number] for number in sorted(names)]
        objects, captions = defaultdict(list), defaultdict(list)
        for one in instances["annotations"]:
            objects[one["image_id"]].append(
                {
                    "id": one["id"],
                    "area": 1,
                    "bbox": tfds.features.BBox(0.0, 0.0, 1.0, 1.0),
                    "label": names[one["category_id"]],
                    "is_crowd": bool(one["iscrowd"]),
                }
            )
        for one in reversed(self._document("captions", half)["annotations"]):
            captions[one["image_id"]].append({"id": one["id"], "text": one["caption"]})
        for image in instances["images"]:
            if image["id"] in ids:
                yield (
                    image["file_name"],
                    {
                        "image": str(self._raw / f"{half}2014" / image["file_name"]),
                        "image/filename": image["file_name"],
                        "image/id": image["id"],
                        "objects": objects[image["id"]],
                        "captions": captions[image["id"]],
                    },
                )

    def _document(self, kind: str, half: str) -> dict:
        return json.loads((self._raw / "annotations" / f"{kind}_{half}2014.json").read_text())


@pytest.fixture
def raw(coco_raw, edited, make_jpeg) -> Path:
    """Official files of 2014 with all 80 categories and a third image in val."""
    raw = coco_raw(year=2014)

    def all_categories(document: dict) -> None:
        named = {category["id"] for category in document["categories"]}
        others = set(range(1, 91)) - GAPS - named
        document["categories"] += [{"id": number, "name": f"thing {number}"} for number in others]

    def third(document: dict) -> None:
        document["images"].append({"id": 52, "file_name": "52.jpg"})
        wanted = {"category_id": 90, "iscrowd": 0, "caption": "a brush near Zoë"}
        document["annotations"].append({"id": 5200, "image_id": 52, **wanted})

    for name in ("instances_train2014", "instances_val2014"):
        edited(raw / "annotations" / f"{name}.json", all_categories)
    for name in ("instances_val2014", "captions_val2014"):
        edited(raw / "annotations" / f"{name}.json", third)
    (raw / "val2014" / "52.jpg").write_bytes(make_jpeg(52))
    return raw


@pytest.fixture
def prepared(raw: Path, tmp_path: Path) -> Path:
    """A data folder of TFDS that holds coco_captions/2014 made from `raw`."""
    with quiet_tfds():
        builder = FromFiles(raw=raw, data_dir=tmp_path / "tfds")
        builder.download_and_prepare(download_config=tfds.download.DownloadConfig(try_download_gcs=False))
    return tmp_path / "tfds"


@pytest.mark.slow
def test_both_routes_give_the_same_records(raw, prepared, tmp_path):
    share = 0.3
    files = build_records(mscoco_source(MscocoSettings(raw, validation_share=share)), out=tmp_path / "files")
    settings = MscocoSettings(source="tfds", tfds_dir=prepared, validation_share=share)
    source = mscoco_source(settings)
    both = build_records(source, out=tmp_path / "tfds_out")
    assert both.digest == files.digest
    assert (both.labels, both.splits, both.vocabulary) == (files.labels, files.splits, files.vocabulary)
    assert len(both.labels) == 80
    assert sum(both.splits.values()) == 23
    assert both.path.parts[-3:] == files.path.parts[-3:] == ("mscoco", "2014", "1.0.0")
    assert source.candidates == 26
    with pytest.raises(UserError, match="source 'raw' there, 'tfds' asked"):
        build_records(source, out=tmp_path / "files")


@pytest.mark.exhaustive
def test_every_split_says_how_many_it_yields_and_can_be_read_again(prepared):
    source = mscoco_source(MscocoSettings(source="tfds", tfds_dir=prepared, validation_share=0.3))
    ids = {name: [one.id for one in split.examples()] for name, split in source.splits.items()}
    assert {name: len(found) for name, found in ids.items()} == {
        name: split.candidates for name, split in source.splits.items()
    }
    assert sorted(ids["test"]) == ["50", "51", "52"]
    assert sorted(map(int, ids["train"] + ids["validation"])) == list(range(1, 24))
    assert [one.id for one in source.splits["test"].examples()] == ids["test"]


@pytest.mark.parametrize(
    "failure",
    [
        requests.exceptions.ConnectionError("HTTPConnectionPool(host='images.cocodataset.org'): Max retries"),
        tfds.download.DownloadError("Failed to get url images.cocodataset.org"),
        NonMatchingChecksumError("Artifact images.cocodataset.org has wrong checksum."),
        OSError("Not enough disk space for images.cocodataset.org"),
    ],
)
def test_without_network_the_error_says_what_to_do(tmp_path, monkeypatch, failure, capsys):
    def fail(*_args, **_kwargs):
        print("TFDS' own lines")
        raise failure

    monkeypatch.setattr(CocoCaptions, "download_and_prepare", fail)
    wanted = rf"{type(failure).__name__}: .*images\.cocodataset\.org.*internet.*--tfds-dir.*--raw"
    with pytest.raises(UserError, match=wanted):
        mscoco_source(MscocoSettings(source="tfds", tfds_dir=tmp_path))
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("downloading MS-COCO 2014 through TFDS")
    assert err.endswith("TFDS' own lines\n")
