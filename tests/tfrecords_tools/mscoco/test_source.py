import dataclasses
import json
from pathlib import Path

import pytest

from tfrecords_tools.building.building import build_records
from tfrecords_tools.building.rules import Rules
from tfrecords_tools.building.splitting import is_held_out
from tfrecords_tools.mscoco.settings import MscocoSettings
from tfrecords_tools.mscoco.source import mscoco_source
from tfrecords_tools.reading.records import Records, read
from tfrecords_tools.shell.errors import UserError

REAL = Path(__file__).resolve().parents[3] / "../shared/data/coco_small"


def build(out: Path, settings: MscocoSettings) -> Records:
    return build_records(mscoco_source(settings), out=out)


def examples(records, split: str) -> dict[str, dict]:
    return {one["id"].decode(): one for one in read(records, split).as_numpy_iterator()}


def test_the_fake_raw_files_become_the_records_they_describe(coco_raw, tmp_path: Path, make_jpeg):
    records = build(tmp_path / "out", MscocoSettings(coco_raw(), validation_share=0.3))
    assert records.path == tmp_path / "out" / "mscoco" / "2017" / "1.0.0"
    assert records.labels == ("person", "dog", "toothbrush")
    held = {str(n) for n in range(1, 21) if is_held_out(str(n), 0.3)}
    assert set(examples(records, "validation")) == held
    train = examples(records, "train")
    assert set(train) == {str(n) for n in range(1, 21)} - held
    test = examples(records, "test")
    assert test["50"]["image"] == make_jpeg(50)
    assert test["50"]["labels"].tolist() == [1]
    assert test["50"]["tags"].tolist() == [b"dog", b"toys"]
    assert records.vocabulary == ("dog", "dogs", "man", "two")
    marker = json.loads((records.path / "records.json").read_text())
    assert sum(marker["candidates"].values()) == 25
    assert sum(marker["unlabelled"].values()) == 1
    assert sum(marker["untagged"].values()) == 2
    assert str(tmp_path) not in json.dumps(marker)


@pytest.mark.parametrize(("keep", "more"), [("keep_unlabelled", 1), ("keep_untagged", 2)])
def test_dropping_can_be_turned_off(coco_raw, tmp_path: Path, keep: str, more: int):
    settings = MscocoSettings(coco_raw(), rules=Rules(**{keep: True}))
    records = build(tmp_path / "out", settings)
    assert records.splits["train"] + records.splits["validation"] == 20 + more


def test_a_missing_and_a_broken_image_are_listed(coco_raw, tmp_path: Path):
    raw = coco_raw()
    (raw / "val2017" / f"{51:012d}.jpg").unlink()
    victim = raw / "train2017" / f"{3:012d}.jpg"
    victim.write_bytes(victim.read_bytes()[:-300])
    settings = MscocoSettings(raw, rules=Rules(bad_share=0.1))
    records = build(tmp_path / "out", settings)
    unreadable = json.loads((records.path / "records.json").read_text())["unreadable"]
    assert [entry["file"] for entry in unreadable] == [
        "train2017/000000000003.jpg",
        "val2017/000000000051.jpg",
    ]
    assert "truncated" in unreadable[0]["reason"]
    assert unreadable[1]["reason"] == "missing"
    with pytest.raises(UserError, match="--bad-share"):
        build(tmp_path / "strict", dataclasses.replace(settings, rules=Rules(bad_share=0.01)))
    assert not [path for path in (tmp_path / "strict").rglob("*") if path.is_file()]


def test_moved_raw_files_are_the_same_settings_and_changed_annotations_are_not(coco_raw, edited):
    first, second = coco_raw(name="a"), coco_raw(name="b")
    settings = mscoco_source(MscocoSettings(first)).settings
    assert mscoco_source(MscocoSettings(second)).settings == settings
    edited(second / "annotations" / "captions_val2017.json", lambda d: d["annotations"].pop())
    assert mscoco_source(MscocoSettings(second)).settings != settings


def test_train_and_val_must_fit_together(coco_raw, edited):
    raw = coco_raw()
    path = raw / "annotations" / "instances_val2017.json"
    edited(path, lambda d: d["categories"].pop(0))
    with pytest.raises(UserError, match="only train has 90 'toothbrush'"):
        mscoco_source(MscocoSettings(raw))


def test_a_missing_raw_folder_is_named(tmp_path: Path):
    with pytest.raises(UserError, match="--raw"):
        mscoco_source(MscocoSettings(tmp_path / "gone"))


def test_wrong_annotations_stop_a_build_without_repair_labels(coco_raw, edited, tmp_path: Path):
    raw = coco_raw()
    edited(raw / "annotations/captions_val2017.json", lambda d: d["annotations"][0].update(image_id=7))
    edited(raw / "annotations/instances_train2017.json", lambda d: d["annotations"][2].pop("category_id"))
    with pytest.raises(UserError, match=r"instances_train2017\.json:3: category_id None.* and 1 more"):
        build(tmp_path / "out", MscocoSettings(raw))
    rules = Rules(repair_labels=True, keep_untagged=True)
    records = build(tmp_path / "out", MscocoSettings(raw, rules=rules))
    assert examples(records, "test")["50"]["tags"].tolist() == []
    repaired = json.loads((records.path / "records.json").read_text())["repaired"]
    assert [line.split(": ")[0] for line in repaired] == [
        "annotations/instances_train2017.json:3",
        "annotations/captions_val2017.json:1",
    ]


@pytest.mark.exhaustive
@pytest.mark.real
@pytest.mark.skipif(not REAL.is_dir(), reason="../shared/data/coco_small is absent")
def test_real_images_and_annotations_give_the_counts_counted_by_hand(tmp_path: Path):
    records = build(tmp_path, MscocoSettings(REAL))
    expected = {}
    for split, half in (("train", "train2017"), ("test", "val2017")):
        document = json.loads((REAL / "annotations" / f"instances_{half}.json").read_text())
        expected[split] = len({entry["image_id"] for entry in document["annotations"]})
    assert records.splits["train"] + records.splits["validation"] == expected["train"] == 206
    assert records.splits["test"] == expected["test"] == 86
    assert len(records.labels) == 80
