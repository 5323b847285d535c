"""`mmannot annotate --beam-runner DirectRunner` against the command without it, record for record."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pyarrow.parquet
import pytest
from tiers import exhaustive

from mmannot_tf.cli.launch import PROGRAM
from mmannot_tf.cli.main import app
from tfrecords_tools.shell.console import run as run_app

BEAM = ("--beam-runner", "DirectRunner")
PROCESSES = (*BEAM, "--beam-option=--direct_running_mode=multi_processing")


def _annotate(capsys, *arguments):
    """Status, stdout and stderr."""
    capsys.readouterr()
    status = run_app(app, ["annotate", *map(str, arguments)])
    output = capsys.readouterr()
    return status, output.out, output.err


@pytest.fixture(scope="module")
def folder(scenes, tmp_path_factory):
    """Some dozens of photographs in two folders, a file that is none, and tags for half of them."""
    folder = tmp_path_factory.mktemp("annotated") / "photos"
    rows = []
    for number, (scene, tags) in enumerate(scenes.items()):
        file = folder / ("inner" if number % 3 else "") / scene.name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(scene.read_bytes())
        names = (str(file), file.relative_to(folder).as_posix(), f"./{file.relative_to(folder)}")
        if number % 2:
            rows.append((names[number % len(names)], tags))
    (folder / "inner" / "broken.jpg").write_bytes(b"nothing")
    (folder / "notes.txt").write_text("no photograph")
    with (folder.parent / "tags.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("image", "tags"), *rows, ("absent.jpg", "sea")])
    return folder


def _read(file: Path) -> list[dict]:
    """The records of a file, with the fields of its format."""
    if file.suffix == ".csv":
        with file.open(newline="", encoding="utf-8") as lines:
            return list(csv.DictReader(lines))
    if file.suffix == ".parquet":
        return pyarrow.parquet.read_table(file).to_pylist()
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def _records(out: Path) -> list[dict]:
    """The records of all shards of an output, by name."""
    shards = sorted(out.parent.glob(f"{out.stem}-*-of-*{out.suffix}"))
    assert [shard.name for shard in shards] == [
        f"{out.stem}-{number:05}-of-{len(shards):05}{out.suffix}" for number in range(len(shards))
    ]
    return sorted((record for shard in shards for record in _read(shard)), key=lambda record: record["image"])


def _assert_same(ours: list[dict], theirs: list[dict]) -> None:
    """The same texts and labels; numbers within 1e-6, which rounding to six digits may make two in CSV."""
    assert [record["image"] for record in ours] == [record["image"] for record in theirs]
    tolerance = 2.1e-6 if "probabilities" in theirs[0] else 1e-6
    for one, other in zip(ours, theirs, strict=True):
        assert one.keys() == other.keys()
        for name in one:
            assert _texts(one[name]) == _texts(other[name]), (one["image"], name)
            assert _numbers(one[name]) == pytest.approx(_numbers(other[name]), abs=tolerance)


def _texts(value):
    if isinstance(value, list):
        return [entry["label"] if isinstance(entry, dict) else entry for entry in value]
    return None if _numbers(value) else value


def _numbers(value) -> list[float]:
    if isinstance(value, list):
        return [entry["probability"] for entry in value if isinstance(entry, dict)]
    try:
        return [float(part) for part in str(value).split(";")]
    except ValueError:
        return []


def _with_nulls(record: dict) -> dict:
    """A JSON line with the columns of Parquet, which has null where a line has no field."""
    names = ("image", "tags", "predicted_quantity", "annotations", "unknown_tags", "error", "model")
    return {name: record.get(name) for name in names}


@pytest.mark.parametrize("suffix", ["jsonl", *exhaustive(["csv", "parquet"])])
def test_beam_writes_the_records_of_the_local_command(exported, folder, tmp_path, capsys, suffix):
    local = tmp_path / f"local.{'jsonl' if suffix == 'parquet' else suffix}"
    out = tmp_path / f"labels.{suffix}"
    options = [exported, folder, "--tags-file", folder.parent / "tags.csv", "--tags", "night"]
    here = _annotate(capsys, *options, "--out", local)
    there = _annotate(capsys, *options, "--out", out, *BEAM)
    assert (here[0], there[0]) == (1, 1)
    expected = sorted(_read(local), key=lambda record: record["image"])
    assert len(expected) == 31
    _assert_same(_records(out), [*map(_with_nulls, expected)] if suffix == "parquet" else expected)
    for line in here[2].splitlines():
        if not line.startswith(("annotated ", "annotating: ")):
            assert line in there[2].splitlines()
    assert "annotated 30 photographs in" in there[2]
    assert f"written: 1 file, {tmp_path}/labels-00000-of-00001.{suffix}" in there[2]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"labels-00000-of-00001.{suffix}",
        local.name,
    ]


@pytest.mark.exhaustive
def test_photographs_tags_export_and_output_are_in_a_bucket(exported, folder, bucket, tmp_path, capsys):
    """A pattern without matches is said; so is what a folder of the bucket holds beside photographs."""
    shutil.copytree(exported.parent, bucket / "models" / "export", ignore=shutil.ignore_patterns("*.onnx"))
    shutil.copytree(folder, bucket / "photos")
    names = [file.relative_to(folder).as_posix() for file in sorted(folder.rglob("*.jpg"))]
    tags = "image,tags\n" + "".join(f"{name},sea\n" for name in names[:5])
    (bucket / "tags.csv").write_text(tags)
    local_tags = tmp_path / "tags.csv"
    local_tags.write_text(tags)
    local, base = tmp_path / "local.jsonl", "bucket://"
    _annotate(capsys, exported, folder, "--tags-file", local_tags, "--out", local)
    images = [f"{base}photos", f"{base}photos/inner/**.jpg", f"{base}photos/*.png", f"{base}gone.jpg"]
    options = [
        "--tags-file",
        f"{base}tags.csv",
        "--out",
        f"{base}labels/of.jsonl",
        "--on-error",
        "skip",
        "--json",
    ]
    status, stdout, stderr = _annotate(capsys, f"{base}models/export", *images, *options, *BEAM)
    assert status == 0, stderr
    records = _records(bucket / "labels" / "of.jsonl")
    assert records[0] == {
        "image": f"{base}gone.jpg",
        "tags": "",
        "error": "missing",
        "model": records[1]["model"],
    }
    expected = [
        {**record, "image": record["image"].replace(str(folder), f"{base}photos")} for record in _read(local)
    ]
    _assert_same(records[1:], sorted(expected, key=lambda record: record["image"]))
    assert f"note: no photograph was found in {base}photos/*.png" in stderr
    assert "passed over: 1 file with another suffix (1 .txt)" in stderr
    document = json.loads(stdout)
    assert (document["annotated"], document["unreadable"]) == (30, 2)
    assert document["files"] == [f"{base}labels/of-00000-of-00001.jsonl"]
    assert not [*(bucket / "labels").rglob("beam-temp*/*")]


@pytest.mark.exhaustive
def test_a_second_run_takes_the_place_of_the_first(exported, scenes, tmp_path, capsys):
    """Also where it writes another number of files, and a killed run has left some aside."""
    out = tmp_path / "labels.jsonl"
    for number in range(3):
        (tmp_path / f"labels-{number:05}-of-00003.jsonl").write_text("of an earlier run\n")
    (tmp_path / "beam-temp-labels-1").mkdir()
    (tmp_path / "beam-temp-labels-1" / "half").write_text("half")
    (tmp_path / "labels-of-mine.jsonl").write_text("not ours")
    images = list(scenes)[:3]
    status, _, stderr = _annotate(capsys, exported, *images, images[0], "--out", out, *BEAM)
    assert status == 0, stderr
    assert [record["image"] for record in _records(out)] == sorted(map(str, images))
    assert stderr.splitlines()[-1].endswith(
        "labels-00000-of-00001.jsonl, in place of 3 files of an earlier run"
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "labels-00000-of-00001.jsonl",
        "labels-of-mine.jsonl",
    ]


def test_a_pattern_without_matches_is_no_error(exported, tmp_path, capsys):
    pattern = tmp_path / "photos" / "**.jpg"
    status, _, stderr = _annotate(capsys, exported, pattern, "--out", tmp_path / "labels.csv", *BEAM)
    assert status == 0, stderr
    assert f"note: no photograph was found in {pattern}" in stderr
    assert "annotated 0 photographs" in stderr
    assert _records(tmp_path / "labels.csv") == []


def test_a_bad_row_of_the_tags_is_told_in_one_line(exported, scenes, tmp_path, capsys):
    tags = tmp_path / "tags.csv"
    tags.write_text("image,tags\na.jpg,sea\nb.jpg,sea,sun\n")
    image, out = next(iter(scenes)), tmp_path / "labels.jsonl"
    status, _, stderr = _annotate(capsys, exported, image, "--tags-file", tags, "--out", out, *BEAM)
    assert status == 1
    assert stderr.splitlines()[-1].startswith("error: --tags-file must have a cell per column in every row.")
    assert "tags.csv:3: 3 cells under 2 columns" in stderr.splitlines()[-1]
    assert not [*tmp_path.glob("labels*")]


def test_a_run_is_refused(tiny_run, tmp_path, capsys):
    status, _, stderr = _annotate(capsys, tiny_run.path, tmp_path, "--out", tmp_path / "l.csv", *BEAM)
    assert status == 1
    assert "MODEL must be an export with --beam-runner" in stderr


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--sheet", "page.html"], "takes no --sheet."),
        (["--format", "xmp"], "takes no --format xmp."),
        (["--tags-from", "metadata"], "takes no --tags-from."),
        (["--preview"], "takes no --preview."),
        (["--undo"], "takes no --undo."),
        (["--keep-errors"], "takes no --keep-errors."),
        (["--sidecar-name", "stem"], "takes no --sidecar-name."),
        (["--on-error", "fail"], "takes no --on-error fail."),
        (["--out", "labels.txt"], "--beam-runner writes jsonl, csv or parquet"),
        (["--out", "labels.jsonl", "--format", "txt"], "Received: --format txt."),
        (["--out", "of [2019].jsonl"], "--out must have none of * ? [ with --beam-runner."),
        (["--out", ".jsonl"], "--beam-runner writes jsonl, csv or parquet"),
        (["--out", "nowhere://labels.jsonl"], "--out must be on a file system of Beam."),
        (
            ["--out", "l.csv", "--tags-file", "nowhere://t.csv"],
            "--tags-file must be on a file system of Beam.",
        ),
        (["--out", "l.csv", "--tags-file", "absent.csv"], "--tags-file must exist."),
        (["--out", "l.csv", "--engine", "none"], "--engine must be "),
        (["--out", "l.csv", "--k", "3", "--threshold", "0.5"], "threshold belongs to one_threshold alone."),
        (["--out", "l.csv", "--beam-option", "direct_num_workers=2"], "Write --beam-option=--NAME=VALUE."),
        (["--out", "l.csv", "--beam-option=--direct_num_workers=two"], "invalid int value: 'two'"),
        ([], "--beam-runner needs files to write. Received: no --out."),
    ],
)
def test_options_that_make_no_sense_are_refused_in_one_line(tmp_path, monkeypatch, capsys, options, text):
    monkeypatch.chdir(tmp_path)
    status, stdout, stderr = _annotate(capsys, "export", "photos", *options, *BEAM)
    assert (status, stdout) == (1, "")
    assert text in stderr
    assert stderr.count("\n") == 1
    assert not [*tmp_path.iterdir()]


def test_the_runner_must_be_one_of_beam(tmp_path, capsys):
    status, _, stderr = _annotate(capsys, "export", "photos", "--out", "l.csv", "--beam-runner", "NoRunner")
    assert status == 1
    assert stderr.startswith(
        "error: --beam-runner must be a runner of Beam. Received: Unexpected pipeline runner"
    )
    status, _, stderr = _annotate(capsys, "export", "photos", "--beam-option=--direct_num_workers=2")
    assert status == 1
    assert "--beam-option needs a --beam-runner" in stderr


def test_without_beam_it_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "apache_beam.options.pipeline_options", None)
    status, _, stderr = _annotate(capsys, "export", "photos", "--out", "labels.csv", *BEAM)
    assert status == 1
    assert "pip install 'apache-beam>=" in stderr


def test_an_address_of_no_file_system_is_refused(capsys):
    status, _, stderr = _annotate(capsys, "export", "nowhere://photos", "--out", "labels.csv", *BEAM)
    assert status == 1
    assert "IMAGE must be on a file system of Beam. Received: nowhere://photos" in stderr


def _many(scenes, folder: Path, count: int) -> Path:
    """Links to a few photographs, some hundreds a folder."""
    for number in range(count):
        inner = folder / f"{number // 500:03}"
        inner.mkdir(parents=True, exist_ok=True)
        scene = list(scenes)[number % len(scenes)]
        (inner / f"{number:06}.jpg").symlink_to(scene)
    return folder


@pytest.mark.exhaustive
def test_four_processes_write_the_records_of_the_local_command(exported, scenes, tmp_path, capsys):
    """2,000 photographs."""
    folder, local, out = (
        _many(scenes, tmp_path / "many", 2000),
        tmp_path / "local.jsonl",
        tmp_path / "b.jsonl",
    )
    assert _annotate(capsys, exported, folder, "--out", local)[0] == 0
    workers = "--beam-option=--direct_num_workers=4"
    status, _, stderr = _annotate(capsys, exported, folder, "--out", out, *BEAM, workers)
    assert status == 0, stderr
    assert "annotated 2,000 photographs in" in stderr
    assert len([*tmp_path.glob("b-*.jsonl")]) == 4
    _assert_same(_records(out), sorted(_read(local), key=lambda record: record["image"]))


def _wait_for_output(process: subprocess.Popen, folder: Path) -> None:
    """Waits until a worker has written the first records aside."""
    deadline = time.monotonic() + 900
    while not any(file.stat().st_size for file in folder.glob("beam-temp-labels-*/*")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _workers(process: int) -> list[psutil.Process]:
    """The processes of Beam's workers; each may be a child of a shell that the command started."""
    below = psutil.Process(process).children(recursive=True)
    return [worker for worker in below if worker.cmdline()[1:2] == ["-m"]]


@pytest.mark.exhaustive
@pytest.mark.parametrize("victim", ["worker", "command"])
def test_after_a_kill_the_same_command_writes_every_record_once(exported, scenes, tmp_path, victim):
    folder, out = _many(scenes, tmp_path / "many", 400), tmp_path / "labels.jsonl"
    command = [*PROGRAM, "annotate", str(exported), str(folder), "--out", str(out), "--batch-size", "4"]
    command += [*PROCESSES, "--beam-option=--direct_num_workers=2"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        _wait_for_output(process, tmp_path)
        workers = _workers(process.pid)
        assert len(workers) == 2
    except BaseException:
        process.kill()
        raise
    os.kill(process.pid if victim == "command" else workers[0].pid, signal.SIGKILL)
    _, stderr = process.communicate(timeout=300)
    assert psutil.wait_procs(workers, timeout=120)[1] == []  # none outlives the command
    assert process.returncode == (-signal.SIGKILL if victim == "command" else 1)
    if victim == "worker":
        assert stderr.splitlines()[-1].startswith("error: Beam pipeline must finish. Received: RuntimeError")
    assert not [*tmp_path.glob("labels*")]
    second = subprocess.run(command, check=False, capture_output=True, text=True, timeout=900)
    assert second.returncode == 0, second.stderr
    expected = sorted(str(file) for file in folder.rglob("*.jpg"))
    assert [record["image"] for record in _records(out)] == expected
    assert all(record["annotations"] for record in _records(out))
    assert not [*tmp_path.glob("beam-temp-*")]
