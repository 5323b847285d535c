"""The whole way, as a user goes it."""

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from mmannot_tf.cli.launch import PROGRAM
from mmannot_tf.cli.main import app
from mmannot_tf.cli.quickstart import print_places
from tfrecords_tools.cli.main import app as records_app
from tfrecords_tools.shell.console import run

STAGES = ("cnn", "cnn_longer", "ms_cnn", "tag_encoder", "classifier", "quantity_visual", "quantity")
QUICK = [word for stage in STAGES for word in ("--set", f"stages.{stage}.epochs=1")]


SMALL = ("--images", "110", "--set", "data.image_size=32", "--set", "data.vocabulary_size=40", *QUICK)


def _quickstart(folder):
    """The command in a process of its own, away from any checkout."""
    command = [*PROGRAM, "quickstart", "--run", "run", *SMALL]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done


@pytest.fixture(scope="module")
def quickstart(tmp_path_factory):
    """The folder that the quickstart ran in, and what it printed."""
    folder = tmp_path_factory.mktemp("quickstart")
    return folder, _quickstart(folder).stdout


@pytest.mark.slow
def test_quickstart_goes_all_the_way(quickstart):
    folder, printed = quickstart
    for shown in (
        "Upper bound",
        "MS-CNN+Tags+LQP",
        "annotated:",
        "ground truth:",
        "SavedModel",
        "run/export/1",
        "run/report/index.html",
    ):
        assert shown in printed
    assert (folder / "run/export/1/saved_model.pb").is_file()
    assert "MS-CNN+Tags+LQP" in (folder / "run/report/index.html").read_text(encoding="utf-8")
    methods = [row["method"] for row in json.loads((folder / "run/scores.json").read_text())["rows"]]
    assert methods[:2] == ["Upper bound", "MS-CNN+Tags+LQP"] and methods[-1] == "Tags only, chosen threshold"


@pytest.mark.slow
def test_the_command_that_quickstart_ends_with_annotates_alike(quickstart, capsys, monkeypatch):
    folder, printed = quickstart
    monkeypatch.chdir(folder)
    tags = re.search(r"sample\.jpg with the tags (.*)", printed)[1].replace("(none)", "")
    (command,) = re.findall(r"Again: mmannot (.*)", printed)
    assert run(app, [*shlex.split(command.replace("…", tags)), "--json"]) == 0
    (annotation,) = json.loads(capsys.readouterr().out)["photographs"]
    labels = [f"{one['label']} ({one['probability']:.2f})" for one in annotation["annotations"]]
    assert ", ".join(labels) == re.search(r"annotated: +(.*)", printed)[1]


@pytest.mark.parametrize(
    ("called", "found", "shown"),
    [
        (".venv/bin/mmannot", False, ".venv/bin/mmannot"),
        (".venv/bin/mmannot", True, "mmannot"),
        ("-c", False, "mmannot"),
    ],
)
def test_the_last_line_calls_the_program_as_the_shell_finds_it(
    called, found, shown, tmp_path, monkeypatch, capsys
):
    program = tmp_path / "mmannot"
    program.touch(0o755 if found else 0o644)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.argv", [called, "quickstart"])
    print_places(Path("run"), Path("records"), Path("sample.jpg"), None, seconds=1.0)
    assert f"Again: {shown} annotate run/export/1 sample.jpg" in capsys.readouterr().out


@pytest.mark.exhaustive
def test_quickstart_a_second_time_does_nothing_again(quickstart, tmp_path):
    folder, printed = quickstart
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    second = _quickstart(tmp_path)
    assert second.stderr.count("done, skipped") == len(STAGES)
    assert "already built" in second.stderr
    table = slice(0, printed.index("Done in"))
    assert second.stdout[table] == printed[table]


@pytest.mark.real
@pytest.mark.exhaustive
def test_real_photographs_from_the_official_layout_to_their_labels(shared, tmp_path, capsys):
    """MS-COCO's files through every command, with the small backbone from random weights."""
    raw = shared / "data" / "coco_small"
    photos = sorted((raw / "val2017").glob("*.jpg"))[:3]
    sizes = ["model.backbone=tiny", "model.weights=random", "data.image_size=64", "model.tag_hidden=[64, 64]"]
    moved = [f"stages.{stage}.backbone_rate=1" for stage in ("cnn", "cnn_longer")]
    settings = [word for pair in sizes + moved for word in ("--set", pair)] + [
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
    annotations = json.loads(capsys.readouterr().out)["photographs"]
    assert [one["image"] for one in annotations] == [str(photo) for photo in photos]
    assert all(one["annotations"] for one in annotations)
