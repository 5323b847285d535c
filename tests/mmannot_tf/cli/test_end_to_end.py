"""The whole way, as a user goes it."""

import json
import subprocess

import pytest

from mmannot_tf.cli.launch import PROGRAM
from mmannot_tf.cli.main import app
from tfrecords_tools.cli.main import app as records_app
from tfrecords_tools.console import run

STAGES = ("cnn", "cnn_longer", "ms_cnn", "tag_encoder", "classifier", "quantity_visual", "quantity")
QUICK = [word for stage in STAGES for word in ("--set", f"stages.{stage}.epochs=1")]


@pytest.mark.slow
def test_quickstart_goes_all_the_way_and_a_second_time_does_nothing_again(tmp_path):
    """In a process of its own, away from any checkout."""
    command = [*PROGRAM, "quickstart", "--run", "run", "--images", "300", *QUICK]
    first = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=400, check=False)
    assert first.returncode == 0, first.stderr[-2000:]
    for shown in (
        "Upper bound",
        "MS-CNN+Tags+LQP",
        "annotated:",
        "ground truth:",
        "SavedModel",
        "run/export/1",
        "run/report/index.html",
    ):
        assert shown in first.stdout
    assert (tmp_path / "run/export/1/saved_model.pb").is_file()
    assert "MS-CNN+Tags+LQP" in (tmp_path / "run/report/index.html").read_text(encoding="utf-8")
    assert len(json.loads((tmp_path / "run/scores.json").read_text())["rows"]) == 14
    second = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=400, check=False)
    assert second.stderr.count("done, skipped") == len(STAGES)
    assert "already built" in second.stderr
    table = slice(0, first.stdout.index("Done in"))
    assert second.stdout[table] == first.stdout[table]


@pytest.mark.real
@pytest.mark.slow
def test_real_photographs_from_the_official_layout_to_their_labels(shared, tmp_path, capsys):
    """MS-COCO's files through every command, with the small backbone from random weights."""
    raw = shared / "data" / "coco_small"
    photos = sorted((raw / "val2017").glob("*.jpg"))[:3]
    sizes = ["model.backbone=tiny", "model.weights=random", "data.image_size=64", "model.tag_hidden=[64, 64]"]
    settings = [word for pair in sizes for word in ("--set", pair)] + [
        word for word in QUICK if "cnn_longer" not in word and word != "--set" for word in ("--set", word)
    ]
    records, model = str(tmp_path / "records"), str(tmp_path / "run")
    assert run(records_app, ["build", "mscoco", "--raw", str(raw), "--out", records]) == 0
    assert run(records_app, ["verify", records]) == 0
    assert run(app, ["train", "mscoco_small", "--data", records, "--run", model, *settings]) == 0
    capsys.readouterr()
    assert run(app, ["compare", model, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["tables"] == ["II", "VI"]
    assert run(app, ["export", model, "--out", str(tmp_path / "export")]) == 0
    capsys.readouterr()
    arguments = ["annotate", str(tmp_path / "export"), *map(str, photos), "--tags", "street, bus", "--json"]
    assert run(app, arguments) == 0
    annotations = json.loads(capsys.readouterr().out)
    assert [one["image"] for one in annotations] == [str(photo) for photo in photos]
    assert all(one["annotations"] for one in annotations)
