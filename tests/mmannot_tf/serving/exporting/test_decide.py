"""`export --decide`: every way in the exported graph, equal to numpy in every engine."""

from dataclasses import replace

import numpy as np
import pytest

from mmannot_tf.cli.main import main
from mmannot_tf.decisions.catalogue import WAYS
from mmannot_tf.decisions.fitted import FittedWay
from mmannot_tf.decisions.fitted_ways import FittedWays
from mmannot_tf.decisions.way import Scores
from mmannot_tf.evaluation.predictions import Predictions
from mmannot_tf.evaluation.scorer_ways import choose_ways
from mmannot_tf.serving.decisions import FOLDER
from mmannot_tf.serving.engines.catalogue import ENGINES, open_engine
from mmannot_tf.serving.exporting.export import export
from mmannot_tf.serving.model import open_model
from mmannot_tf.serving.network import NetworkInputs
from mmannot_tf.training.inference.predict import predict
from mmannot_tf.training.session import open_session
from tfrecords_tools.shell.errors import UserError

NAMES = [way.name for way in WAYS if "true_quantity" not in way.needs]
PAIRS = list(zip(NAMES[::2], NAMES[1::2] + NAMES[-1:], strict=False))  # every way is in one of them
TAGGED = np.arange(12) % 2 == 0


@pytest.fixture(scope="module")
def run(tiny_run):
    settings = tiny_run.config.evaluation.model_copy(update={"untagged": "visual"})
    return replace(tiny_run, config=tiny_run.config.model_copy(update={"evaluation": settings}))


@pytest.fixture(scope="module")
def validation(tiny_run, tiny_records):
    """Predictions on validation; half of the images count as images without a known tag."""
    predict(open_session(tiny_run, tiny_records.path), "validation")
    predictions = Predictions.load(tiny_run.predictions("validation"))
    return replace(predictions, known_tags=np.arange(len(predictions.ids), dtype=np.int32) % 2)


@pytest.fixture(scope="module")
def inputs(run):
    size = run.config.data.image_size
    pixels = np.random.default_rng(5).uniform(0, 255, (12, size, size, 3)).astype(np.float32)
    return NetworkInputs(pixels, np.where(TAGGED[:, np.newaxis], [[0, 2]], -1).astype(np.int32))


def expected(ways, outputs):
    """What numpy selects from an engine's own probabilities and quantities."""
    scores = Scores(outputs.probabilities, outputs.predicted_quantity)
    return np.where(
        TAGGED[:, np.newaxis], ways.tagged.fitted.select(scores), ways.untagged.fitted.select(scores)
    )


@pytest.mark.exhaustive
@pytest.mark.parametrize("tagged, untagged", PAIRS)
def test_every_engine_selects_what_numpy_selects(run, validation, inputs, tmp_path, tagged, untagged):
    """Two ways an export: one for images with tags, one for images without."""
    chosen = {name: choose_ways(name, validation, run.config.evaluation) for name in (tagged, untagged)}
    ways = replace(chosen[tagged], untagged=chosen[untagged].untagged)
    folder = export(
        run, tmp_path / "export", ways=ways, formats=["saved_model", "onnx", "openvino", "litert"]
    )
    for engine in ENGINES:
        outputs = open_engine(engine, open_model(folder), "float32")(inputs)
        np.testing.assert_array_equal(outputs.selected, expected(ways, outputs), err_msg=engine)
    card = (folder / "README.md").read_text()
    for kind, name in (("tagged", tagged), ("untagged", untagged)):
        assert FittedWay.load(folder / FOLDER / kind / f"{name}.json") == getattr(ways, kind).fitted
        assert f"`{name}`" in card


@pytest.mark.exhaustive
def test_exports_that_decide_otherwise_are_other_models(tiny_run, exported, validation, tmp_path):
    ways = choose_ways("top_k", validation, tiny_run.config.evaluation)
    paper, top_k = exported, export(tiny_run, tmp_path / "top_k", ways=ways)
    assert open_model(paper).digest != open_model(top_k).digest
    assert (paper / FOLDER / "tagged" / "predicted_quantity.json").is_file()


@pytest.mark.exhaustive
def test_annotations_come_first_whatever_is_selected(run, validation, tmp_path):
    """Thresholds of single labels select labels that are not the first ones of the ranking."""
    import tensorflow as tf

    ways = choose_ways("label_thresholds_class_f", validation, run.config.evaluation)
    way = replace(
        ways.tagged.fitted.way, thresholds=(2.0, -1.0) * 2 + (2.0,) * (len(validation.label_names) - 4)
    )
    fitted = {way.name: replace(ways.tagged.fitted, way=way)}
    chosen = replace(ways.tagged, ways=FittedWays(way.name, fitted))
    folder = export(run, tmp_path / "export", ways=replace(ways, tagged=chosen, untagged=chosen))
    served = tf.saved_model.load(str(folder)).signatures["decoded"]
    size = run.config.data.image_size
    pixels = np.random.default_rng(0).integers(0, 256, (3, size, size, 3), np.uint8)
    annotations = served(image=tf.constant(pixels), tags=tf.constant([""] * 3))["annotations"].numpy()
    assert (annotations[:, :2] != b"").all() and (annotations[:, 2:] == b"").all()
    assert set(annotations[:, :2].ravel()) == {validation.label_names[place].encode() for place in (1, 3)}


def test_the_true_quantity_cannot_be_exported(run, validation):
    with pytest.raises(UserError, match=r"must be paper, best, top_k, .*\. Received: true_quantity\."):
        choose_ways("true_quantity", validation, run.config.evaluation)


def test_the_best_is_the_one_that_validation_says(run, validation):
    ways = choose_ways("best", validation, run.config.evaluation)
    scores = {row.way: row.validation["image_f1"] for row in ways.tagged.comparison.rows}
    del scores["true_quantity"]
    assert scores[ways.tagged.fitted.way.name] == max(scores.values())


@pytest.mark.exhaustive
def test_the_command(tiny_run, tmp_path, capsys):
    out = tmp_path / "export"
    assert main(["export", str(tiny_run.path), "--out", str(out), "--decide", "one_threshold"]) == 0
    assert "decides by one_threshold" in capsys.readouterr().err
    assert (out / "1" / FOLDER / "tagged" / "one_threshold.json").is_file()
    assert main(["export", str(tiny_run.path), "--out", str(out), "--decide", "magic"]) == 1
