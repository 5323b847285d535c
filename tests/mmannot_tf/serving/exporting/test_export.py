import gc
import json
import shutil
import subprocess
import sys

import numpy as np
import onnx
import openvino as ov
import pytest
import tensorflow as tf

from mmannot_tf.runs.run import open_run
from mmannot_tf.serving.exporting.export import export
from tfrecords_tools.shell.errors import UserError

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
def answer(exported, scenes):
    """What a process of plain TensorFlow gets from the export."""
    tags = json.dumps(list(scenes.values()))
    command = [sys.executable, "-I", "-c", PLAIN, str(exported), tags, *map(str, scenes)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, timeout=120).stdout)


@pytest.mark.exhaustive
def test_plain_tensorflow_gets_the_runs_own_predictions(answer, tiny_run, tiny_records):
    """Raw bytes and text through the export, against the stages' heads on cached features."""
    from mmannot_tf.training.inference.predict import predict
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
    assert assets == {
        "labels.txt": tiny_run.dataset.labels,
        "tags.txt": tiny_run.dataset.tags,
        "tag_keys.txt": tiny_run.dataset.tags,
    }


@pytest.fixture(scope="module")
def signatures(exported):
    loaded = tf.saved_model.load(str(exported))
    return loaded.signatures, loaded


@pytest.fixture(scope="module")
def request_of_all(scenes):
    images = tf.constant([image.read_bytes() for image in scenes])
    return {"image": images, "tags": tf.constant(list(scenes.values()))}


def test_decoded_images_get_the_answer_of_their_bytes(signatures, request_of_all):
    pixels = tf.stack(
        [tf.io.decode_jpeg(encoded, dct_method="INTEGER_ACCURATE") for encoded in request_of_all["image"]]
    )
    by_bytes = signatures[0]["serving_default"](**request_of_all)
    decoded = signatures[0]["decoded"](image=pixels, tags=request_of_all["tags"])
    np.testing.assert_array_equal(decoded["annotations"], by_bytes["annotations"])
    np.testing.assert_allclose(decoded["probabilities"], by_bytes["probabilities"], atol=1e-6)


def test_a_given_quantity_cuts_the_same_ranking(signatures, request_of_all, tiny_run):
    everything = len(tiny_run.dataset.labels)
    count = len(request_of_all["tags"])
    quantity = tf.range(count) % (everything + 1)
    given = signatures[0]["given_quantity"](**request_of_all, quantity=quantity)
    ranked = signatures[0]["top_k"](**request_of_all, k=tf.constant(everything))
    for row in range(count):
        cut = int(quantity[row])
        names = given["annotations"][row].numpy().tolist()
        assert names[:cut] == ranked["annotations"][row].numpy().tolist()[:cut]
        assert names[cut:] == [b""] * (everything - cut)


def test_top_k_has_k_columns(signatures, request_of_all):
    top, answer = (
        signatures[0]["top_k"](**request_of_all, k=tf.constant(2)),
        signatures[0]["serving_default"](**request_of_all),
    )
    assert top["annotations"].shape == (30, 2)
    np.testing.assert_allclose(top["scores"], answer["scores"][:, :2], atol=1e-6)


def test_features_are_those_of_the_run(signatures, request_of_all, tiny_run):
    from mmannot_tf.training.session import open_session

    features = signatures[0]["features"](**request_of_all)
    cached = open_session(tiny_run).features("test").get(["ms_cnn", "tag_encoder"])
    np.testing.assert_allclose(features["f_v"], cached["ms_cnn"], atol=1e-4)
    np.testing.assert_allclose(features["f_t"], cached["tag_encoder"], atol=1e-4)
    np.testing.assert_array_equal(features["f"], np.concatenate([features["f_v"], features["f_t"]], axis=1))


@pytest.mark.exhaustive
def test_every_export_gets_the_next_version(exported, tiny_run, tmp_path):
    assert [folder.name for folder in exported.parent.iterdir()] == ["1"]
    (tmp_path / "new" / "7").mkdir(parents=True)
    assert export(tiny_run, tmp_path / "new").name == "8"


@pytest.mark.exhaustive
def test_each_format_is_logged_with_its_agreement(tiny_run, tmp_path):
    lines = []
    folder = export(tiny_run, tmp_path, formats=["onnx", "onnx"], log=lines.append)
    assert [line.partition(",")[0] for line in lines] == ["onnx: same labels on 8 of 8 images"]
    files = sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())
    assert files == [
        "README.md",
        "assets/labels.txt",
        "assets/tag_keys.txt",
        "assets/tags.txt",
        *(f"decisions/tagged/{way}.json" for way in ("mcut", "one_threshold", "predicted_quantity", "top_k")),
        "export.json",
        "model.onnx",
    ]
    assert set(json.loads((folder / "export.json").read_text())["formats"]) == {"onnx"}


@pytest.mark.exhaustive
def test_an_answer_that_differs_leaves_nothing(tiny_run, tmp_path, monkeypatch):
    from mmannot_tf.serving.exporting import verification

    monkeypatch.setattr(verification, "TOLERANCE", -1.0)
    with pytest.raises(UserError, match="the model's own outputs"):
        export(tiny_run, tmp_path / "1")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["tensorrt", ""])
def test_an_unknown_format_names_the_known_ones(tiny_run, tmp_path, name):
    with pytest.raises(UserError, match="saved_model, onnx, openvino, litert"):
        export(tiny_run, tmp_path / "1", formats=[name])


def test_a_format_whose_package_is_not_there_names_the_extra(tiny_run, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "mmannot_tf.serving.formats.onnx", None)
    monkeypatch.delattr("mmannot_tf.serving.formats.onnx", raising=False)
    with pytest.raises(UserError, match=r"pip install 'ai-edge-litert>="):
        export(tiny_run, tmp_path / "1", formats=["onnx"])


def test_the_card_says_what_the_model_is(exported, tiny_run):
    card = (exported / "README.md").read_text(encoding="utf-8")
    assert "Records of synthetic" in card
    assert f"{len(tiny_run.dataset.labels)} labels" in card
    assert '| `training.weight_decay` | "l2" |' in card
    assert "Not evaluated on the test split since the last training" in card
    assert "random: trained from random values" in card
    assert all(f"| `{name}` |" in card for name in ("onnx", "openvino", "litert", "serving_default", "top_k"))
    assert "$" not in card
    assert str(tiny_run.path) not in card


def test_formats_that_take_pixels_say_how_these_are_made(exported):
    (image,) = [node for node in onnx.load(exported / "model.onnx").graph.input if node.name == "image"]
    said = ov.Core().read_model(exported / "openvino" / "model.xml").get_rt_info("image").value
    assert image.doc_string == said
    assert said.startswith("RGB from 0 to 255, not normalised. Photographs are turned upright")
    assert "Resize to 32 x 32: bilinear with antialiasing" in said


def test_the_card_has_the_scores_of_the_run_as_it_is(tiny_run, tmp_path):
    from mmannot_tf.serving.exporting.model_card import model_card
    from mmannot_tf.serving.model import plain_decisions
    from mmannot_tf.workflows.evaluation import evaluate_run, write_scores

    run = open_run(shutil.copytree(tiny_run.path, tmp_path / "run"))
    metadata = {
        "image_size": 32,
        "orientation": "exif",
        "resize": "tf1",
        "formats": {},
        "tolerance": 1e-4,
        "digest": "0",
        "versions": {},
    }

    def card():
        return model_card(run, metadata, plain_decisions(run), parameters=1)

    scores = evaluate_run(run.path, "test", bootstrap=0)
    write_scores(run.path, scores)
    (run.path / "scores.json").write_text("{}")  # the scores are those of the predictions, whatever it says
    (row,) = [row for row in scores.rows if row.method == "MS-CNN+Tags+LQP"]
    assert f"| {row.scores.harmonic_f1:.1f} |\n" in card()
    predictions = run.predictions("test")
    whole = predictions.read_bytes()
    predictions.write_bytes(whole[:-9])
    assert "Not evaluated on the test split since the last training" in card()
    predictions.write_bytes(whole)
    (run.path / "scores.json").unlink()
    assert "Not evaluated on the test split since the last training" in card()
    (run.path / "scores.json").write_text("{}")
    (run.stage("quantity") / "stage.json").unlink()
    assert "Not evaluated on the test split since the last training" in card()


def test_nothing_else_is_replaced(tiny_run, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    for out in (tmp_path, tmp_path / "mine.txt"):
        with pytest.raises(UserError, match="something else"):
            export(tiny_run, out)
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]
    (tmp_path / "3").mkdir()
    (tmp_path / "3" / "mine.txt").write_text("mine")
    with pytest.raises(UserError, match="something else"):
        export(tiny_run, tmp_path / "3")


def test_a_run_without_a_stage_that_is_needed_names_it(tiny_run, tmp_path):
    copy = shutil.copytree(tiny_run.path, tmp_path / "run")
    shutil.rmtree(copy / "stages" / "quantity")
    with pytest.raises(UserError, match="without quantity"):
        export(open_run(copy), tmp_path / "export")
    assert not (tmp_path / "export").exists()


def test_the_saved_model_refuses_numbers_of_labels_that_cannot_be(exported, scenes):
    signatures = tf.saved_model.load(str(exported)).signatures
    encoded = {"image": tf.constant([next(iter(scenes)).read_bytes()] * 2), "tags": tf.constant(["", ""])}
    for name, arguments in (("top_k", {"k": -1}), ("given_quantity", {"quantity": [1, -1]})):
        with pytest.raises(tf.errors.InvalidArgumentError, match="must not be negative"):
            signatures[name](**encoded, **{key: tf.constant(value) for key, value in arguments.items()})
    with pytest.raises(tf.errors.InvalidArgumentError, match="an entry per image"):
        signatures["given_quantity"](**encoded, quantity=tf.constant([1]))


@pytest.mark.exhaustive
def test_exports_leave_no_graphs_behind(tiny_run, tmp_path):
    """TensorFlow keeps each graph that has a gradient of its own for ever."""

    def graphs():
        gc.collect()
        return sum(type(thing).__name__ == "FuncGraph" for thing in gc.get_objects())

    export(tiny_run, tmp_path / "first")
    before = graphs()
    export(tiny_run, tmp_path / "second")
    assert graphs() <= before + 5
