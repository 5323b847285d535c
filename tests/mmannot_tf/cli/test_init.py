"""`mmannot init` as it is typed."""

import pytest

from mmannot_tf.cli.main import app
from mmannot_tf.config.loading import load
from mmannot_tf.proposal.machine_speed import MachineSpeed
from mmannot_tf.training.profiling import machine_speed
from tfrecords_tools.shell.console import run as run_app


@pytest.fixture
def command(tiny_records, tmp_path, monkeypatch):
    """The exit status of the command, on a machine whose speed is known."""
    known = MachineSpeed(20.0, None, 10**9)
    monkeypatch.setattr(machine_speed, "measure_machine_speed", lambda *_: known)
    monkeypatch.chdir(tmp_path)
    return lambda *more: run_app(app, ["init", str(tiny_records.path), *map(str, more)])


def test_it_writes_a_file_and_says_what_comes_next(command, tmp_path, capsys):
    assert command("--out", "mine.toml") == 0
    assert load(tmp_path / "mine.toml").model.backbone == "resnet50"
    output = capsys.readouterr()
    assert "Foretold for this machine" in output.out
    assert "Next: mmannot train mine.toml --data" in output.err


def test_names_that_no_file_can_state_are_refused_and_others_are_quoted(command, tmp_path, capsys):
    for name in ("a\nb.toml", "\udcff.toml"):
        assert command("--out", name) == 1
        assert "printable name" in capsys.readouterr().err
    assert command("--out", "it's mine.toml") == 0
    assert "mmannot train 'it'\"'\"'s mine.toml' --data" in capsys.readouterr().err
    assert load(tmp_path / "it's mine.toml").evaluation.k >= 1


def test_a_file_that_exists_is_kept(command, tmp_path, capsys):
    (tmp_path / "mine.toml").write_text("mine", encoding="utf-8")
    assert command("--out", "mine.toml") == 1
    assert (tmp_path / "mine.toml").read_text(encoding="utf-8") == "mine"
    assert "--overwrite" in capsys.readouterr().err
    assert command("--out", ".", "--overwrite") == 1
    assert "a folder" in capsys.readouterr().err
    assert command("--out", "mine.toml", "--overwrite") == 0
    assert (tmp_path / "mine.toml").read_text(encoding="utf-8") != "mine"
