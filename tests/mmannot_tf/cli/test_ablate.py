import json
from pathlib import Path

import pytest

from mmannot_tf.cli.main import app
from mmannot_tf.config.loading import dump, load
from tfrecords_tools.shell.console import run as run_command


@pytest.fixture
def config_file(tiny_config, tmp_path: Path) -> Path:
    path = tmp_path / "tiny.toml"
    stages = tiny_config.stages.model_copy(update={"cnn_longer": None})
    path.write_text(dump(tiny_config.model_copy(update={"stages": stages})))
    return path


@pytest.mark.exhaustive
def test_an_ablation_trains_what_a_reading_touches_and_reports_every_row(
    config_file, tiny_records, tmp_path, capsys
):
    argv = ["ablate", str(config_file), "--data", str(tiny_records.path), "--out", str(tmp_path / "out")]
    argv += ["--readings", "dropout,never_predicted", "--seeds", "2"]
    assert run_command(app, [*argv, "--json"]) == 0
    streams = capsys.readouterr()
    effects = json.loads(streams.out)
    assert {effect["variant"] for effect in effects} == {
        "as configured",
        "model.dropout = 0.0",
        "evaluation.never_predicted = left_out",
    }
    by = {(effect["variant"], effect["method"]): effect for effect in effects}
    # dropout belongs to the quantity regressor: rows at a fixed k stand on the same weights
    assert by["model.dropout = 0.0", "MS-CNN+Tags"]["image_f1"]["difference"] == 0.0
    assert by["evaluation.never_predicted = left_out", "CNN"]["image_f1"]["difference"] == 0.0
    assert by["evaluation.never_predicted = left_out", "CNN"]["class_f1"]["difference"] != 0.0
    log = streams.err
    assert log.count("classifier: done, skipped") == 4
    assert log.count("quantity: stale") == 2
    run = tmp_path / "out" / "as_configured" / "seed0"
    assert run_command(app, ["evaluate", str(run), "--bootstrap", "100"]) == 0
    scores = (run / "scores.json").read_bytes()
    assert run_command(app, [*argv, "--markdown"]) == 0
    assert list((tmp_path / "out").glob("*/*/scores.json")) == [run / "scores.json"]
    assert (run / "scores.json").read_bytes() == scores
    assert "| `model.dropout = 0.0` |" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "problem"),
    [(["--readings", "nothing"], "Received: nothing"), (["--readings", "2", "--measure", "x"], "--measure")],
)
def test_wrong_words_are_named_before_anything_is_trained(config_file, tmp_path, capsys, more, problem):
    argv = ["ablate", str(config_file), "--data", str(tmp_path), "--out", str(tmp_path / "out"), *more]
    assert run_command(app, argv) == 1
    assert problem in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_readings_are_listed_with_the_value_in_force(capsys):
    assert run_command(app, ["readings", "mscoco_small", "--json"]) == 0
    keys = {key["name"]: key for reading in json.loads(capsys.readouterr().out) for key in reading["keys"]}
    configured = load("mscoco_small").model.fusion_gamma
    assert keys["model.fusion_gamma"]["value"] == configured
    assert run_command(app, ["readings", "mscoco_small"]) == 0
    assert f"model.fusion_gamma = {configured}  (not the default)" in capsys.readouterr().out
