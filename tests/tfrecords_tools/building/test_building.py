import dataclasses
import json
from pathlib import Path

import pytest

from tfrecords_tools.building import building
from tfrecords_tools.reading.records import Records, open_records
from tfrecords_tools.shell import files
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.synthetic.settings import SyntheticSettings
from tfrecords_tools.synthetic.source import synthetic_source

TINY = SyntheticSettings(images=8, test_images=3, validation_share=0.25, size=32)


def build(out: Path, settings: SyntheticSettings, *, overwrite: bool = False) -> Records:
    return building.build_records(synthetic_source(settings), out=out, overwrite=overwrite)


def visible(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_the_layout_is_that_of_tfds(built: Records):
    import tensorflow_datasets as tfds

    assert built.path.parts[-3:] == ("synthetic", "default", "1.0.0")
    builder = tfds.builder_from_directory(built.path)
    assert {name: split.num_examples for name, split in builder.info.splits.items()} == dict(built.splits)
    assert builder.info.features["labels"].feature.names == list(built.labels)


def test_the_marker_lists_every_other_file_and_no_machine_path(built: Records):
    marker = (built.path / "records.json").read_text()
    names = {path.name for path in built.path.iterdir()} - {"records.json"}
    assert json.loads(marker)["files"] == {name: files.sha256(built.path / name) for name in names}
    assert all(str(built.path.parents[2]) not in path.read_text() for path in built.path.glob("*.json"))


def test_a_source_without_a_folder_of_photographs_has_no_unlisted_files(built: Records):
    assert built.passed_over == {"images": {}, "unlisted": None}


def test_nothing_else_is_left_beside_the_records(built: Records):
    assert list(built.path.parent.iterdir()) == [built.path]


def test_a_second_build_does_nothing_and_other_settings_are_refused(tmp_path: Path, capsys):
    first = build(tmp_path, TINY)
    written = (first.path / "records.json").stat().st_mtime_ns
    capsys.readouterr()
    assert build(tmp_path, TINY) == first
    assert capsys.readouterr() == ("", f"already built: {first.path}\n")
    assert (first.path / "records.json").stat().st_mtime_ns == written
    other = dataclasses.replace(TINY, seed=1)
    with pytest.raises(UserError, match=r"seed 0 there, 1 asked.*--overwrite"):
        build(tmp_path, other)
    second = build(tmp_path, other, overwrite=True)
    assert second.settings["seed"] == 1
    assert second.digest != first.digest


def test_the_same_settings_make_the_same_digest_in_another_folder(
    built: Records, small_settings, tmp_path: Path
):
    assert build(tmp_path, small_settings).digest == built.digest


def test_a_folder_without_a_marker_is_not_taken_for_records(tmp_path: Path):
    (tmp_path / "synthetic" / "default" / "1.0.0").mkdir(parents=True)
    with pytest.raises(UserError, match="must be free or hold records"):
        build(tmp_path, TINY)
    assert build(tmp_path, TINY, overwrite=True).splits == {"train": 6, "validation": 2, "test": 3}


def test_an_empty_split_is_named_and_leaves_nothing(tmp_path: Path):
    with pytest.raises(UserError, match="split 'validation' must hold an image"):
        build(tmp_path, dataclasses.replace(TINY, validation_share=0.01))
    assert visible(tmp_path) == []


@pytest.mark.parametrize("failure", [KeyboardInterrupt, OSError(28, "No space left on device")])
@pytest.mark.parametrize("moment", ["images", "marker"])
def test_a_build_cut_short_leaves_nothing_and_keeps_what_was_there(tmp_path, monkeypatch, failure, moment):
    before = build(tmp_path, TINY)

    def fail(*_args, **_kwargs):
        raise failure

    source = synthetic_source(dataclasses.replace(TINY, seed=9))
    if moment == "images":
        broken = dataclasses.replace(source.splits["test"], examples=fail)
        source = dataclasses.replace(source, splits={**source.splits, "test": broken})
    else:
        monkeypatch.setattr(building.files, "write_json", fail)
    with pytest.raises(failure if isinstance(failure, type) else type(failure)):
        building.build_records(source, out=tmp_path, overwrite=True)
    assert open_records(tmp_path) == before
    assert list(before.path.parent.iterdir()) == [before.path]
