import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from mmannot_tf.serving.export import export
from mmannot_tf.training.run import open_run
from tfrecords_tools.errors import UserError
from tfrecords_tools.records import read

PLAIN = """
import json, sys
import numpy as np, tensorflow as tf
sys.modules["mmannot_tf"] = sys.modules["keras"] = None  # neither may be needed
signature = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
images = [open(name, "rb").read() for name in sys.argv[3:]]
outputs = signature(image=tf.constant(images), tags=tf.constant(json.loads(sys.argv[2])))
print(json.dumps({
    "shapes": {name: list(output.shape) for name, output in outputs.items()},
    "annotations": [[name.decode() for name in row] for row in outputs["annotations"].numpy()],
    **{name: outputs[name].numpy().tolist() for name in ("probabilities", "scores", "predicted_quantity")},
}))
"""


@pytest.fixture(scope="module")
def exported(tiny_run, tmp_path_factory):
    return export(tiny_run, tmp_path_factory.mktemp("export") / "1")


@pytest.fixture(scope="module")
def examples(tiny_records, tmp_path_factory):
    """The test split's images as files, and their tags as text."""
    folder, files, tags = tmp_path_factory.mktemp("images"), [], []
    for example in read(tiny_records, "test").as_numpy_iterator():
        files.append(folder / f"{example['id'].decode()}.jpg")
        files[-1].write_bytes(example["image"])
        tags.append(", ".join(tag.decode().upper() for tag in example["tags"]))
    return files, tags


@pytest.fixture(scope="module")
def answer(exported, examples):
    """What a process of plain TensorFlow gets from the export."""
    files, tags = examples
    command = [sys.executable, "-I", "-c", PLAIN, str(exported), json.dumps(tags), *map(str, files)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, timeout=120).stdout)


def test_plain_tensorflow_gets_the_runs_own_predictions(answer, tiny_run, tiny_records):
    """Raw bytes and text through the export, against the stages' heads on cached features."""
    from mmannot_tf.training.predict import predict
    from mmannot_tf.training.session import open_session

    predictions = predict(open_session(tiny_run), "test")
    np.testing.assert_allclose(answer["probabilities"], predictions.probabilities["classifier"], atol=1e-5)
    np.testing.assert_allclose(answer["predicted_quantity"], predictions.quantity["quantity"], rtol=1e-4)


def test_annotations_are_the_best_labels_as_many_as_the_rounded_quantity(answer, tiny_run):
    """Algorithm 2 by hand on the returned numbers."""
    labels = tiny_run.dataset.labels
    for probabilities, quantity, names, scores in zip(
        *(answer[name] for name in ("probabilities", "predicted_quantity", "annotations", "scores")),
        strict=True,
    ):
        order = sorted(range(len(labels)), key=lambda label: (-probabilities[label], label))
        count = min(max(int(np.floor(quantity + 0.5)), 1), len(labels))
        assert names == [labels[label] for label in order[:count]] + [""] * (len(labels) - count)
        assert scores == [probabilities[label] for label in order]


def test_outputs_have_the_promised_shapes(answer, tiny_records):
    images, labels = tiny_records.splits["test"], len(tiny_records.labels)
    wide = [images, labels]
    assert answer["shapes"] == {
        "probabilities": wide,
        "annotations": wide,
        "scores": wide,
        "predicted_quantity": [images],
    }


def test_label_and_tag_lists_are_assets(exported, tiny_run):
    assets = {file.name: tuple(file.read_text().splitlines()) for file in (exported / "assets").iterdir()}
    assert assets == {"labels.txt": tiny_run.dataset.labels, "tags.txt": tiny_run.dataset.tags}


def test_an_export_is_replaced_but_nothing_else_is(tiny_run, exported, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UserError, match="something else"):
        export(tiny_run, tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


def test_a_run_without_a_stage_that_is_needed_names_it(tiny_run, tmp_path):
    copy = shutil.copytree(tiny_run.path, tmp_path / "run")
    shutil.rmtree(copy / "stages" / "quantity")
    with pytest.raises(UserError, match="without quantity"):
        export(open_run(copy), tmp_path / "export")
    assert not (tmp_path / "export").exists()
