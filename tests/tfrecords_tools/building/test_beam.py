import dataclasses
import json
import sys
from pathlib import Path

import pytest

from tfrecords_tools.building.building import build_records
from tfrecords_tools.building.rules import Rules
from tfrecords_tools.cli.main import main
from tfrecords_tools.mscoco.settings import MscocoSettings
from tfrecords_tools.mscoco.source import mscoco_source
from tfrecords_tools.reading.records import Records
from tfrecords_tools.reading.verification import verify
from tfrecords_tools.shell.beam_runner import BeamRunner
from tfrecords_tools.shell.errors import UserError

DIRECT = BeamRunner("DirectRunner")


@pytest.fixture
def spoilt_raw(coco_raw, make_jpeg) -> Path:
    """A missing and a truncated image, two without a tag, one without a label."""
    raw = coco_raw()
    (raw / "train2017" / f"{3:012d}.jpg").unlink()
    (raw / "train2017" / f"{4:012d}.jpg").write_bytes(make_jpeg(4)[:-200])
    return raw


def marker(records: Records) -> dict:
    return json.loads((records.path / "records.json").read_text())


@pytest.mark.exhaustive
def test_both_engines_give_the_same_records(spoilt_raw, tmp_path: Path):
    pytest.importorskip("apache_beam", reason="the extra `beam` is not installed")
    source = mscoco_source(MscocoSettings(spoilt_raw, validation_share=0.3, rules=Rules(bad_share=0.5)))
    here = build_records(source, out=tmp_path / "here")
    on_beam = build_records(source, out=tmp_path / "beam", runner=DIRECT)
    assert verify(on_beam) == []
    ours, theirs = marker(here), marker(on_beam)
    for one in (ours, theirs):
        one["unreadable"].sort(key=lambda bad: bad["id"])
    differing = {key for key in ours if ours[key] != theirs[key]}
    assert differing <= {"files", "seal"}  # the folders differ in TFDS' own metadata at most
    shards = [name for name in ours["files"] if ".tfrecord-" in name]
    assert shards
    assert {name: ours["files"][name] for name in shards} == {name: theirs["files"][name] for name in shards}


@pytest.mark.exhaustive
def test_what_stops_a_build_stops_it_on_beam(spoilt_raw, tmp_path: Path):
    pytest.importorskip("apache_beam", reason="the extra `beam` is not installed")
    settings = MscocoSettings(spoilt_raw, validation_share=0.3)
    with pytest.raises(UserError, match="--bad-share"):
        build_records(mscoco_source(settings), out=tmp_path, runner=DIRECT)
    bare = dataclasses.replace(settings, validation_share=0.001)
    with pytest.raises(UserError, match="split 'validation' must hold an image"):
        build_records(mscoco_source(bare), out=tmp_path, runner=DIRECT)
    assert not [path for path in tmp_path.rglob("records.json")]


def test_without_beam_it_says_what_to_install(coco_raw, tmp_path: Path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "apache_beam.options.pipeline_options", None)
    argv = [
        "build",
        "mscoco",
        "--raw",
        str(coco_raw()),
        "--out",
        str(tmp_path),
        "--beam-runner",
        "DirectRunner",
    ]
    assert main(argv) == 1
    assert "pip install 'apache-beam>=" in capsys.readouterr().err
