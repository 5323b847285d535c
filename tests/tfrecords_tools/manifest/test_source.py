import dataclasses
import json
from pathlib import Path

import pytest

from tfrecords_tools.building.building import build_records
from tfrecords_tools.building.rules import Rules
from tfrecords_tools.manifest.settings import ManifestSettings
from tfrecords_tools.manifest.source import manifest_source
from tfrecords_tools.reading.records import read
from tfrecords_tools.shell.errors import UserError

CSV = """\
path,labels,tags,split
a.jpg,Dog;cat,On the Mat;red,train
Sub/b.jpg,cat,,train
c.jpg,,red,train
d.jpg,ant,,validation
e.jpg,cat;ant,new,test
"""


@pytest.fixture
def own(tmp_path: Path, make_jpeg) -> ManifestSettings:
    """The photographs of CSV and their manifest."""
    raw = tmp_path / "raw"
    (raw / "Sub").mkdir(parents=True)
    for seed, name in enumerate(["a.jpg", "Sub/b.jpg", "c.jpg", "d.jpg", "e.jpg"]):
        (raw / name).write_bytes(make_jpeg(seed))
    manifest = tmp_path / "own.csv"
    manifest.write_text(CSV)
    return ManifestSettings(manifest, raw)


def test_the_photographs_become_the_records_they_describe(own, tmp_path, make_jpeg):
    records = build_records(manifest_source(own), out=tmp_path / "out")
    assert records.path == tmp_path / "out" / "manifest" / "default" / "1.0.0"
    assert records.labels == ("ant", "cat", "Dog")
    assert records.splits == {"train": 2, "validation": 1, "test": 1}
    assert records.vocabulary == ("on the mat", "red")
    train = {one["id"].decode(): one for one in read(records, "train").as_numpy_iterator()}
    assert set(train) == {"a.jpg", "Sub/b.jpg"}
    assert train["a.jpg"]["image"] == make_jpeg(0)
    assert train["a.jpg"]["labels"].tolist() == [2, 1]
    assert train["a.jpg"]["tags"].tolist() == [b"on the mat", b"red"]
    assert train["Sub/b.jpg"]["tags"].tolist() == []
    marker = (records.path / "records.json").read_text()
    assert json.loads(marker)["unlabelled"]["train"] == 1
    assert str(tmp_path) not in marker


def test_a_label_without_training_images_is_noted(own):
    assert manifest_source(own).notes == (
        "no training image has 'ant'",
        "labels of one image only: 'Dog'",
    )


def test_an_old_folder_counts_as_built_and_new_settings_do_not(own, tmp_path):
    before = {"validation_share", "test_share", "separator", "keep_unlabelled", "keep_untagged"}
    before |= {"placeholder_copies", "repair_labels"}
    assert own.as_json().keys() == before
    synonyms = tmp_path / "s.csv"
    synonyms.write_text("from,to\nDog,cat\n")
    new = dataclasses.replace(own, column=["path=path"], fold_case=True, synonyms=synonyms)
    assert new.as_json().keys() == before | {"column", "fold_case", "synonyms"}
    source = manifest_source(dataclasses.replace(own, synonyms=synonyms))
    assert source.labels == ("ant", "cat")
    assert source.row_of("Sub/b.jpg") == "own.csv:3"


def test_a_list_of_labels_gives_their_order_and_refuses_others(own, tmp_path):
    labels = tmp_path / "labels.txt"
    labels.write_text("zebra\nDog\ncat\n")
    source = manifest_source(dataclasses.replace(own, labels=labels))
    assert source.labels == ("zebra", "Dog", "cat")
    assert [(defect.file, defect.row) for defect in source.defects] == [("own.csv", 5), ("own.csv", 6)]
    assert source.settings["labels"] != manifest_source(own).settings["labels"] is None


def test_defects_stop_a_build_without_repair_labels(own, tmp_path):
    own.manifest.write_text(CSV + "../x.jpg,cat,,train\na.jpg,cat,,train\n")
    with pytest.raises(
        UserError, match=r"own\.csv:7: path '\.\./x\.jpg' leaves.* and 1 more.*--repair-labels"
    ):
        build_records(manifest_source(own), out=tmp_path / "out")
    told = dataclasses.replace(own, rules=dataclasses.replace(own.rules, repair_labels=True))
    records = build_records(manifest_source(told), out=tmp_path / "out")
    assert sum(records.splits.values()) == 4
    repaired = json.loads((records.path / "records.json").read_text())["repaired"]
    assert [line.split(": ")[0] for line in repaired] == ["own.csv:7", "own.csv:8"]


def test_untagged_images_are_dropped_on_request(own, tmp_path):
    own.manifest.write_text(CSV.replace("d.jpg,ant,", "d.jpg,ant,new"))
    dropped = dataclasses.replace(own, rules=Rules(keep_untagged=False))
    assert build_records(manifest_source(dropped), out=tmp_path / "out").splits["train"] == 1


def test_groups_reach_the_records(own, tmp_path):
    own.manifest.write_text(
        "path,labels,groups,split\na.jpg,cat,Cats;Paris,train\nd.jpg,cat,,validation\ne.jpg,cat,,test\n"
    )
    records = build_records(manifest_source(own), out=tmp_path / "out")
    assert records.has_groups
    assert next(read(records, "train").as_numpy_iterator())["groups"].tolist() == [b"Cats", b"Paris"]
    assert next(read(records, "test").as_numpy_iterator())["groups"].tolist() == []


def test_the_settings_hold_digests_and_no_paths(own, tmp_path):
    settings = manifest_source(own).settings
    moved = own.manifest.rename(tmp_path / "moved.csv")
    assert manifest_source(dataclasses.replace(own, manifest=moved)).settings == settings
    moved.write_text(CSV.replace("new", "old"))
    assert manifest_source(dataclasses.replace(own, manifest=moved)).settings != settings
    assert str(tmp_path) not in json.dumps(settings)


def test_a_missing_raw_folder_and_a_set_without_labels_are_named(own, tmp_path):
    with pytest.raises(UserError, match="--raw"):
        manifest_source(dataclasses.replace(own, raw=tmp_path / "gone"))
    own.manifest.write_text("path,labels\na.jpg,;\nb.jpg,\n")
    with pytest.raises(UserError, match="none of 2 rows does"):
        manifest_source(own)


@pytest.mark.parametrize(
    ("wrong", "received"),
    [
        ({"validation_share": 0.0}, "validation share.*0.0"),
        ({"test_share": 1.0}, "test share.*1.0"),
        ({"validation_share": 0.5, "test_share": 0.5}, "together.*1.0"),
        ({"separator": ""}, "separator.*''"),
    ],
)
def test_impossible_settings_are_named(wrong, received):
    with pytest.raises(UserError, match=received):
        ManifestSettings(Path("m.csv"), Path("raw"), **wrong)
