"""Photographs without tags and without labels."""

import numpy as np
import pytest
from PIL import Image

import mmannot_tf
from mmannot_tf.cli.main import main
from tfrecords_tools.cli.main import main as records_main

COLOURS = ("red", "green", "blue")
CONFIG = """
[data]
image_size = 32
[model]
backbone = "tiny"
weights = "random"
quantity_hidden = [8, 4]
[training]
batch_size = 16
reestimate_batches = 2
[stages]
cnn = { epochs = 1, learning_rate = 0.02 }
ms_cnn = { epochs = 1, learning_rate = 0.02 }
tag_encoder = { epochs = 1, learning_rate = 0.02 }
classifier = { epochs = 1, learning_rate = 0.02 }
quantity_visual = { epochs = 1, learning_rate = 0.001 }
quantity = { epochs = 1, learning_rate = 0.001 }
"""


def _build(folder, *, labelled_validation=True, options=()):
    """Records of 40 photographs of coloured noise, without tags."""
    folder.mkdir()
    draw, rows = np.random.default_rng(0), ["path,labels,split"]
    for number in range(40):
        split = "train" if number < 24 else "validation" if number < 32 else "test"
        labels = [name for name in COLOURS if draw.random() < 0.5] or ["red"]
        pixels = draw.integers(0, 60, (40, 48, 3)) + 150 * np.isin(COLOURS, labels)
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{number}.jpg")
        if split == "validation" and not labelled_validation:
            labels = []
        rows.append(f"{number}.jpg,{';'.join(labels)},{split}")
    (folder / "manifest.csv").write_text("\n".join(rows) + "\n")
    (folder / "config.toml").write_text(CONFIG)
    files = ("--manifest", folder / "manifest.csv", "--raw", folder, "--out", folder / "records")
    assert records_main(["build", "manifest", *map(str, files), *options]) == 0
    return folder


def _train(folder, *options):
    files = (folder / "config.toml", "--data", folder / "records", "--run", folder / "run")
    return main(["train", *map(str, files), *options])


@pytest.fixture(scope="module")
def untagged(made_once):
    """A folder with photographs without tags, their records and a run."""

    def make(folder):
        _build(folder)
        assert _train(folder) == 0

    return made_once("untagged", make)


@pytest.mark.exhaustive
def test_fault_08_records_without_tags_train_what_needs_none(untagged, capsys):
    stages = {stage.name for stage in (untagged / "run" / "stages").iterdir()}
    assert stages == {"cnn", "ms_cnn", "quantity_visual"}
    assert _train(untagged, "--stages", "cnn,classifier") == 1
    assert "Stage classifier needs tags. Received: records without tags, or" in capsys.readouterr().err


@pytest.mark.slow
def test_fault_08_every_row_that_needs_no_tags_is_there(untagged, capsys):
    assert main(["evaluate", str(untagged / "run")]) == 0
    table = capsys.readouterr().out
    assert all(row in table for row in ("MS-CNN+LQP", "MS-CNN", "CNN")) and "+Tags" not in table
    assert main(["report", str(untagged / "run"), "--out", str(untagged / "page")]) == 0


@pytest.mark.slow
def test_fault_08_an_untagged_model_annotates(untagged, tmp_path):
    photographs = [untagged / f"{number}.jpg" for number in range(4)]
    assert main(["export", str(untagged / "run"), "--out", str(tmp_path / "export")]) == 0
    run, export = (mmannot_tf.load(path) for path in (untagged / "run", tmp_path / "export"))
    assert run.tags == export.tags == ()
    annotations = run.annotate(photographs, tags="sea")
    assert annotations == export.annotate(photographs, tags="sea") and all(
        each.labels for each in annotations
    )
    features = export.features(photographs, tags="sea")
    assert features["f_t"].shape == (4, 0)
    np.testing.assert_array_equal(features["f"], features["f_v"])
    head = run.branches["classifier"](features["f_v"]).numpy()
    np.testing.assert_allclose(
        1 / (1 + np.exp(-head)), export.predict(photographs)["probabilities"], rtol=1e-5
    )


def test_fault_17_a_validation_split_without_labels_is_refused_before_training(tmp_path, capsys):
    folder = _build(tmp_path / "raw", labelled_validation=False, options=["--keep-unlabelled"])
    assert _train(folder) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[-1].startswith("error: Validation images must have labels")
    assert not (folder / "run").exists()
