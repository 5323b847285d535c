"""Files that are damaged, locked, replaced or left by killed commands: one line, and never another answer."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import tensorflow as tf

from mmannot_tf.cli.main import main
from mmannot_tf.config.loading import parse
from mmannot_tf.data.arrays import load_arrays
from mmannot_tf.runs.run import open_run
from mmannot_tf.serving.exporting import export as exporting
from mmannot_tf.serving.model import open_model
from mmannot_tf.training import train as training
from mmannot_tf.training.inference.predict import predict
from mmannot_tf.training.session import open_session
from mmannot_tf.workflows.evaluation import evaluate_run
from tfrecords_tools.cli.main import main as records_main
from tfrecords_tools.reading.records import open_records
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.lock import folder_lock, writer_lock


@pytest.fixture
def run(tiny_run, tmp_path):
    """A copy of the trained run."""
    return open_run(shutil.copytree(tiny_run.path, tmp_path / "run"))


@pytest.fixture
def records(tiny_records, tmp_path):
    """A copy of the records' folder."""
    return shutil.copytree(tiny_records.path, tmp_path / "records")


@pytest.fixture
def export_folder(exported, tmp_path):
    """A copy of an export with one version."""
    shutil.copytree(exported, tmp_path / "export" / "1")
    return tmp_path / "export"


def _command(capsys, *arguments, program=main):
    """Runs a command; returns its exit status, stdout and the lines on stderr."""
    capsys.readouterr()
    status = program([*map(str, arguments)])
    out, err = capsys.readouterr()
    return status, out, err.splitlines()


def _error(capsys, *arguments, program=main):
    """The one line of a command that must fail."""
    status, _, lines = _command(capsys, *arguments, program=program)
    (line,) = [line for line in lines if line.startswith("error: ")]
    assert status == 1
    return line


def _flip(file, place=None):
    content = bytearray(file.read_bytes())
    content[len(content) // 2 if place is None else place] ^= 1
    file.write_bytes(content)


# 18

WAIT = """
from mmannot_tf.training.cluster import Cluster, wait_for_all
import tfrecords_tools.shell.console as console, typer, sys
app = typer.Typer()
app.command()(lambda: wait_for_all(Cluster(("127.0.0.1:0", "127.0.0.1:1"), 0), report=0.2))
sys.exit(console.run(app, []))
"""


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_fault_18_a_worker_that_waits_reports_and_obeys_signals(number):
    with subprocess.Popen([sys.executable, "-c", WAIT], stderr=subprocess.PIPE, text=True) as process:
        assert "waiting for 1 of 2 processes: 127.0.0.1:1" in process.stderr.readline()
        process.send_signal(number)
        begun = time.monotonic()
        status, rest = process.wait(60), process.stderr.read()
    assert time.monotonic() - begun < 20
    assert status == (130 if number == signal.SIGINT else -signal.SIGTERM)
    assert "Traceback" not in rest


def test_fault_18_a_wrong_index_in_tf_config_is_one_line(run, monkeypatch, capsys):
    workers = {"worker": ["127.0.0.1:1", "127.0.0.1:2"]}
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": workers, "task": {"type": "worker", "index": 5}}))
    line = _error(capsys, *_train(run), "--strategy", "multi-worker")
    assert "task.index 5, which must be 0 to 1 for worker" in line


# 22


def _interrupted(folder, name):
    """What a killed writer of folder/name leaves after its first rename."""
    staging = folder / f".{name}.abc12_de"
    (staging / name).mkdir(parents=True, exist_ok=True)
    if (folder / name).exists():
        (folder / name).rename(staging / "replaced")
    return staging


def test_fault_22_the_next_export_clears_up_and_restores(run, export_folder, monkeypatch, capsys):
    monkeypatch.setattr(exporting, "_write_formats", lambda folder, *_: {})
    staging = _interrupted(export_folder, "1")
    before = _interrupted(export_folder, "2")
    status, _, lines = _command(capsys, "export", run.path, "--out", export_folder)
    assert status == 0
    assert {entry.name for entry in export_folder.iterdir()} == {"1", "2"}
    assert any(line.startswith(f"restored: {export_folder / '1'}") for line in lines)
    assert sum(str(left) in line for left in (staging, before) for line in lines) == 2
    assert open_model(export_folder).path == export_folder / "2"


def test_fault_22_a_first_export_that_was_interrupted_is_no_foreign_folder(run, tmp_path):
    (tmp_path / "E").mkdir()
    _interrupted(tmp_path / "E", "1")
    assert exporting._version_folder(tmp_path / "E") == tmp_path / "E" / "1"


def test_fault_22_a_reader_never_takes_an_older_version_for_a_hidden_one(export_folder, capsys):
    shutil.copytree(export_folder / "1", export_folder / "2")
    _interrupted(export_folder, "2")
    assert open_model(export_folder).path == export_folder / "2"
    assert "restored: " in capsys.readouterr().err
    _interrupted(export_folder, "2")
    assert open_model(export_folder / "2").path == export_folder / "2"


# 24


@pytest.mark.parametrize("command", ["annotate", "evaluate", "export", "train"])
def test_fault_24_damaged_weights_are_never_used(run, scenes, tmp_path, capsys, command):
    file = run.weights("classifier", "classifier")
    _flip(file)
    arguments = {
        "annotate": (run.path, next(iter(scenes))),
        "evaluate": (run.path, "--bootstrap", "0", "--split", "validation"),
        "export": (run.path, "--out", tmp_path / "E"),
        "train": _train(run)[1:],
    }
    line = _error(capsys, command, *arguments[command])
    assert f"Received: {file}, missing or changed." in line
    assert not (tmp_path / "E").exists()


@pytest.mark.parametrize(
    "name", ["variables/variables.data-00000-of-00001", "saved_model.pb", "assets/labels.txt", "model.onnx"]
)
def test_fault_24_a_damaged_export_is_refused_when_it_is_opened(export_folder, scenes, capsys, name):
    _flip(export_folder / "1" / name)
    for command in (("annotate", export_folder, next(iter(scenes))), ("serve", export_folder)):
        assert f"{export_folder / '1' / name}, damaged or edited" in _error(capsys, *command)


def test_fault_24_an_export_of_before_has_no_digests_and_opens(export_folder):
    file = export_folder / "1" / "export.json"
    metadata = json.loads(file.read_text())
    del metadata["files"], metadata["seal"]
    file.write_text(json.dumps(metadata))
    assert open_model(export_folder).digest == metadata["digest"]


def test_fault_24_a_format_may_be_removed_from_an_export(export_folder):
    (export_folder / "1" / "model.onnx").unlink()
    assert open_model(export_folder).labels


# 29


def _train(run, data=None):
    return ("train", run.path / "config.toml", "--data", data or run.dataset.path, "--run", run.path)


def test_fault_29_a_second_train_is_refused_and_readers_are_not(run, capsys):
    with folder_lock(run.path, command="train", option="--run"):
        assert "--run must have one writer at a time" in _error(capsys, *_train(run))
        assert _command(capsys, "evaluate", run.path, "--bootstrap", "0")[0] == 0
    with folder_lock(run.path, command="train", option="--run"):
        pass


def test_fault_29_a_second_export_is_refused(run, tmp_path, capsys):
    with folder_lock(tmp_path / "E", command="export", option="--out"):
        for out in (tmp_path / "E", tmp_path / "E" / "1"):
            assert "--out must have one writer at a time" in _error(capsys, "export", run.path, "--out", out)


def test_fault_29_a_second_annotate_into_one_file_is_refused(run, scenes, tmp_path, capsys):
    from mmannot_tf.serving.outputs.factory import open_output

    out, digest = tmp_path / "labels.jsonl", open_model(run.path).digest[:12]
    first = open_output(out, None, digest)
    try:
        line = _error(capsys, "annotate", run.path, *scenes, "--out", out)
    finally:
        first.close()
    assert f"--out must have one writer at a time. Received: {out}" in line
    assert out.read_text() == ""
    assert _command(capsys, "annotate", run.path, next(iter(scenes)), "--out", out)[0] == 0


def test_fault_29_a_second_build_is_refused(tmp_path, capsys):
    final = tmp_path / "synthetic" / "default" / "1.0.0"
    command = ("build", "synthetic", "--out", tmp_path, "--images", "8", "--test-images", "2")
    with writer_lock(final):
        assert "one writer at a time" in _error(capsys, *command, program=records_main)
    assert not final.exists()


# 30


def test_fault_30_records_rebuilt_under_a_training_are_noticed(run, records, monkeypatch, capsys):
    """The stage is not finished, and what it learned from both is removed."""
    shutil.rmtree(run.stage("tag_encoder"))

    def fit(session, stage, *_, **__):
        (run.stage(stage.name) / "weights").mkdir()
        (shard,) = records.glob("*-train.tfrecord*")
        _flip(shard)
        return {"best_epoch": 1, "best_score": 1.0}

    monkeypatch.setattr(training, "fit_stage", fit)
    line = _error(capsys, *_train(run, data=records), "--stages", "tag_encoder")
    assert "was changed or replaced meanwhile" in line and "-train.tfrecord" in line
    assert not run.stage("tag_encoder").exists()


def test_fault_30_what_is_computed_from_changed_records_is_not_kept(run, records):
    session = open_session(run, records)
    predict(session, "test")
    predictions, features = run.predictions("test"), run.features("test") / "tag_encoder.npy"
    _flip(next(records.glob("*-validation.tfrecord*")))
    for made, make in (
        (predictions, lambda: predict(session, "test")),
        (features, lambda: session.features("test").get(["tag_encoder"])),
    ):
        made.unlink()
        with pytest.raises(UserError, match="was changed or replaced meanwhile"):
            make()
        assert not made.exists()


def test_fault_30_records_replaced_by_their_own_content_are_the_same(records):
    from tfrecords_tools.reading.records import check_unchanged

    opened = open_records(records)
    (shard,) = records.glob("*-train.tfrecord*")
    whole, times = shard.read_bytes(), shard.stat()
    shutil.copy(shard, records / "copy")
    os.utime(records / "copy", ns=(times.st_atime_ns, times.st_mtime_ns))
    (records / "copy").replace(shard)
    check_unchanged(opened)
    opened = open_records(records)
    shard.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))  # the same size and inode
    os.utime(shard, ns=(times.st_atime_ns, times.st_mtime_ns))
    with pytest.raises(UserError, match="was changed or replaced"):
        check_unchanged(opened)
    shard.unlink()
    with pytest.raises(UserError, match="was changed or replaced"):
        check_unchanged(opened)


# 32

TEXTS = {
    "nothing": b"",
    "an object": b"{}",
    "a list": b"[]",
    "null": b"null",
    "a number": b"1",
    "no UTF-8": b"\xff\xfe{",
    "brackets": b"[" * 100_000,
    "NULs": b"\0" * 64,
}


def _flips(content):
    """The content with one bit flipped, at places drawn once."""
    rng = np.random.default_rng(32)
    for place in rng.integers(0, len(content), 24):
        damaged = bytearray(content)
        damaged[place] ^= 1 << int(rng.integers(8))
        yield f"flip at {place}", bytes(damaged)


def _damages(content):
    yield from TEXTS.items()
    yield "cut", content[: len(content) // 2]
    yield "one byte cut", content[:-1]
    yield from _flips(content)


def _silent_changes(file, read):
    """The damages of a file after which `read` gives another answer, or an error that is not one line."""
    whole, expected, found = file.read_bytes(), read(), []
    for name, damaged in _damages(whole):
        if damaged == whole:
            continue
        file.write_bytes(damaged)
        try:
            if read() != expected:
                found.append(name)
        except UserError as error:
            assert str(file.name) in str(error) or "label" in str(error) or "Stage" in str(error), str(error)
    file.write_bytes(whole)
    return found


def _tables(run):
    evaluation = evaluate_run(run.path, "test", bootstrap=0)
    return [(row.method, row.scores) for row in evaluation.rows]


@pytest.fixture
def predicted(run, capsys):
    """The run with predictions of its test split."""
    assert main(["evaluate", str(run.path), "--bootstrap", "0"]) == 0
    return run


def test_fault_32_damaged_files_of_a_run_never_change_a_table(predicted):
    for name in (
        "dataset.json",
        "stages/cnn/stage.json",
        "stages/quantity/stage.json",
        "predictions/test.npz",
    ):
        assert _silent_changes(predicted.path / name, lambda: _tables(predicted)) == [], name


def test_fault_32_a_damaged_configuration_is_one_line(predicted):
    """It is the user's to edit; so it has a schema, and no digest."""
    _silent_changes(predicted.path / "config.toml", lambda: open_run(predicted.path).path)


def test_fault_32_a_damaged_log_is_one_line_and_stops_no_resumed_training(run, capsys):
    from rich.progress import Progress

    from mmannot_tf.report.curves import curves
    from mmannot_tf.training.loop.stage_log import StageLog

    file = run.stage("cnn") / "log.jsonl"
    whole = file.read_bytes()
    for name, damaged in (*_damages(whole), ("a line of a list", b"[]\n" + whole)):
        file.write_bytes(damaged)
        try:
            curves(run)
        except UserError as error:
            assert "log.jsonl" in str(error), name
        with Progress(disable=True) as bars:
            log = StageLog(run.stage("cnn"), name="cnn", epochs=2, steps=6, batch_size=16, bars=bars)
            log.resumed(2, 0)
            log.close()
        assert all(isinstance(json.loads(line), dict) for line in file.read_text().splitlines()), name


def test_fault_32_damaged_features_are_computed_again(run, capsys):
    def features():
        return open_session(run).features("validation").get(["tag_encoder"])["tag_encoder"].tolist()

    expected, file = features(), run.features("validation") / "tag_encoder.npy"
    whole = file.read_bytes()
    for damaged in (whole[: len(whole) // 2], whole[:-1], b"", whole[:-4] + b"\0\0\0\x40"):
        file.write_bytes(damaged)
        assert features() == expected
        assert f"{file}: not as it was written; computing it again" in capsys.readouterr().err
        assert file.read_bytes() == whole
    index = file.with_name("index.json")
    for damaged in (b"[]", b"{}", b'{"tag_encoder": 1}', b"\xff"):
        index.write_bytes(damaged)
        assert features() == expected
    index.write_text(index.read_text().replace('"sha256"', '"sha257"'))
    np.save(file, np.asarray(expected, np.float32) + 1)
    assert features() == expected


def test_fault_32_features_of_earlier_versions_are_used(run, capsys):
    from mmannot_tf.runs.plan import stage_digest

    session = open_session(run)
    whole = session.features("validation").get(["tag_encoder"])["tag_encoder"]
    file = run.features("validation") / "tag_encoder.npy"
    file.with_name("index.json").write_text(json.dumps({"tag_encoder": stage_digest(run, "tag_encoder")}))
    np.save(file, whole + 1)
    assert (session.features("validation").get(["tag_encoder"])["tag_encoder"] == whole + 1).all()
    file.write_bytes(file.read_bytes()[:-8])
    assert (session.features("validation").get(["tag_encoder"])["tag_encoder"] == whole).all()


def test_fault_32_damaged_files_of_records_never_change_what_is_read(records):
    def read():
        opened = open_records(records)
        arrays = load_arrays(opened, "validation", opened.vocabulary)
        return opened.labels, opened.vocabulary, arrays.ids, arrays.labels.tolist(), arrays.tag_lists.tolist()

    names = ("records.json", "vocabulary.tsv", "dataset_info.json", "features.json", "labels.labels.txt")
    for name in names:
        assert _silent_changes(records / name, read) == [], name
    (shard,) = records.glob("*-validation.tfrecord*")
    whole = shard.read_bytes()
    for _, damaged in _flips(whole):
        shard.write_bytes(damaged)
        with pytest.raises(UserError, match="records must be whole"):
            read()


def test_fault_32_damaged_descriptions_of_an_export_are_one_line(export_folder):
    def read():
        model = open_model(export_folder)
        return model.labels, model.tags, model.image_size, model.resize, model.digest

    for name in ("export.json", "assets/labels.txt", "assets/tags.txt"):
        assert _silent_changes(export_folder / "1" / name, read) == [], name


@pytest.mark.parametrize(
    "setting",
    [
        "training.batch_size=1e8",
        "training.shuffle_buffer=1e22",
        "model.block_epsilon=inf",
        "training.seed=1e30",
        "data.image_size=100000",
        "stages.cnn.learning_rate=inf",
        "stages.cnn.learning_rate=nan",
        "methods.asl.gamma_negative=inf",
        "evaluation.k=1e9",
    ],
)
def test_fault_32_every_number_has_a_range(tiny_records, tmp_path, capsys, setting):
    command = ("train", "quickstart", "--data", tiny_records.path, "--run", tmp_path / "run")
    assert setting.partition("=")[0] in _error(capsys, *command, "--set", setting)
    assert not (tmp_path / "run").exists()


def test_fault_32_a_path_with_a_nul_is_one_line(tiny_records, tmp_path, capsys):
    run = tmp_path / "run"
    line = _error(capsys, "train", "a\0b", "--data", tiny_records.path, "--run", run)
    assert "must hold no NUL character" in line
    for command in (("evaluate", "a\0b"), ("train", "quickstart", "--data", "a\0b", "--run", run)):
        status, _, lines = _command(capsys, *command)
        assert status == 2
        assert "null byte" in lines[-1]


# 33


def test_fault_33_a_flipped_tag_is_no_other_vocabulary(records, capsys):
    _flip(records / "vocabulary.tsv", place=0)
    with pytest.raises(UserError, match=r"vocabulary\.tsv, damaged or edited"):
        open_records(records)
    status, _, lines = _command(capsys, "verify", records, program=records_main)
    assert status == 1
    assert any("vocabulary.tsv: SHA-256 differs" in line for line in lines)


def _with_label(records, label):
    """Rewrites the test shard with one label of its first record replaced; every checksum is right."""
    (shard,) = records.glob("*-test.tfrecord*")
    examples = [tf.train.Example.FromString(raw.numpy()) for raw in tf.data.TFRecordDataset(str(shard))]
    examples[0].features.feature["labels"].int64_list.value[0] = label
    with tf.io.TFRecordWriter(str(shard)) as writer:
        for example in examples:
            writer.write(example.SerializeToString())


@pytest.mark.parametrize("label", [-1, 14, 2**40])
def test_fault_33_a_label_id_that_no_label_has_is_refused(records, capsys, label):
    _with_label(records, label)
    opened = open_records(records)
    with pytest.raises(UserError, match=rf"label ids of records must lie in 0\.\.13.*with {label}\."):
        load_arrays(opened, "test", ())
    assert "label ids of records" in _error(capsys, "inspect", records, program=records_main)
    assert _command(capsys, "verify", records, program=records_main)[0] == 1


def test_fault_33_verify_names_what_does_not_belong_there(records, capsys):
    os.mkfifo(records / "pipe")
    (records / "dead").symlink_to(records / "nowhere")
    (records / "empty" / "folders").mkdir(parents=True)
    (records / "loop").symlink_to(records)
    status, _, lines = _command(capsys, "verify", records, program=records_main)
    assert status == 1
    for name in ("pipe", "dead", "empty/folders", "loop"):
        assert any(f"{records / name}: not listed in records.json" in line for line in lines), name


# 34


@pytest.mark.exhaustive
def test_fault_34_a_read_only_run_prints_its_tables(predicted, monkeypatch, capsys):
    (predicted.path / "scores.json").unlink()
    predicted.predictions("test").unlink()

    def refuse(*_, dir, **__):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(dir))

    monkeypatch.setattr("tfrecords_tools.shell.files.tempfile.mkdtemp", refuse)
    for command in ("evaluate", "compare"):
        status, out, lines = _command(capsys, command, predicted.path, "--bootstrap", "0")
        assert status == 0 and "MS-CNN" in out
        warnings = [line for line in lines if line.startswith("warning: ")]
        for line, what in zip(warnings, ("predictions", "scores"), strict=True):
            assert f"{what} are not saved" in line and "Read-only file system" in line


def test_fault_34_features_that_are_not_finite_are_not_blamed_on_the_learning_rate(run, capsys):
    session = open_session(run)
    whole = session.features("validation").get(["tag_encoder"])["tag_encoder"]
    file = run.features("validation") / "tag_encoder.npy"
    file.with_name("index.json").unlink()
    whole[3, 0] = np.nan
    session.features("validation")._store({"tag_encoder": whole})
    with pytest.raises(UserError, match="features must be finite") as caught:
        session.features("validation").get(["tag_encoder"])
    assert session.arrays("validation").ids[3] in str(caught.value)
    assert "learning rate" not in str(caught.value)


def test_every_key_of_the_configuration_that_is_a_number_is_finite_and_bounded(tiny_config):
    """A new key without a range fails here."""
    settings = tiny_config.model_dump(mode="json")
    for section, key in (
        (s, k) for s, values in settings.items() if isinstance(values, dict) for k in values
    ):
        value = settings[section][key]
        parts = [(settings[section], key)]
        if isinstance(value, dict):
            parts = [(value, inner) for inner in value]
        for holder, name in parts:
            before = holder[name]
            if isinstance(before, bool) or not isinstance(before, int | float | None):
                continue
            for huge in (10**50, 1e50, float("inf"), float("nan")):
                holder[name] = huge
                with pytest.raises(UserError):
                    parse(settings, "test")
            holder[name] = before
