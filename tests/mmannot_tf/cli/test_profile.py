"""`mmannot profile` as it is typed; its measurements: tests of training.profiling."""

import dataclasses
import json

import pytest

from mmannot_tf.cli.main import app
from mmannot_tf.config.loading import dump
from mmannot_tf.training.profiling import throughput
from tfrecords_tools.shell.console import run as run_app


@dataclasses.dataclass(frozen=True)
class _Quick(throughput.Timing):
    """As many steps as asked for, however little time they take."""

    seconds: float = 0.0


@pytest.fixture
def command(tiny_config, tiny_records, tmp_path, monkeypatch):
    monkeypatch.setattr(throughput, "Timing", _Quick)
    (tmp_path / "tiny.toml").write_text(dump(tiny_config), encoding="utf-8")
    words = ["profile", tmp_path / "tiny.toml", "--data", tiny_records.path, "--steps", 1]
    return lambda *more: run_app(app, list(map(str, [*words, *more])))


@pytest.mark.exhaustive
def test_json_has_the_rates_the_share_and_the_verdict(command, capsys):
    assert command("--json", "--set", "data.augmentation=crop") == 0
    document = json.loads(capsys.readouterr().out)
    assert list(document["images_per_second"]) == ["read", "decode", "batches", "step", "training"]
    rates = document["images_per_second"]
    assert document["waiting"] == max(0.0, 1 - rates["training"] / rates["step"])
    assert document["bound"] in (["input", "compute"] if document["waiting"] > 0.1 else ["compute"])
    assert all(len(windows) == 3 for windows in document["windows"].values())


def test_the_table_says_it_in_words(command, tiny_run, capsys):
    assert command("--stage", "quantity", "--run", tiny_run.path) == 0
    told = capsys.readouterr().out
    assert "quantity: 16 images a step" in told
    assert "step alone" in told
    assert "-bound: " in told
    assert "of a step is waiting for input" in told


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--stage", "quantity"], "--run must name a run"),
        (["--stage", "vgg"], "--stage must be one of"),
        (["--run", "nowhere"], "A run is a folder"),
        (["--set", "data.decoded_cache=disk", "--set", "data.augmentation=crop"], "crops are cut from"),
    ],
)
def test_wrong_input_is_one_line(command, capsys, more, told):
    assert command(*more) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert told in line
