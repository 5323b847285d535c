"""A run on vectors in place of images: training, predictions, export, and what is refused."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from mmannot_tf.cli.main import main
from mmannot_tf.config.loading import parse
from mmannot_tf.evaluation.predictions import Predictions
from mmannot_tf.runs.plan import stage_digest
from mmannot_tf.runs.run import open_run
from mmannot_tf.runs.stages import CNN
from mmannot_tf.serving.engines.catalogue import ENGINES, open_engine
from mmannot_tf.serving.exporting.export import export
from mmannot_tf.serving.model import open_model
from mmannot_tf.serving.network import NetworkInputs
from mmannot_tf.training.inference.predict import predict
from mmannot_tf.training.inference.trained_branches import trained_branch
from mmannot_tf.training.session import open_session
from mmannot_tf.training.train import train
from tfrecords_tools.building.building import build_records
from tfrecords_tools.features.settings import FeaturesSettings
from tfrecords_tools.features.source import features_source
from tfrecords_tools.reading.records import open_records
from tfrecords_tools.shell.errors import UserError

pytestmark = pytest.mark.slow

SIZE = 12
STAGES = {
    name: {"epochs": 2, "learning_rate": 0.01}
    for name in ("tag_encoder", "classifier", "quantity_visual", "quantity")
}
CONFIG = {
    "data": {"vocabulary_size": 3},
    "model": {
        "backbone": "vectors",
        "weights": "none",
        "feature_scaling": "standardized",
        "tag_hidden": [16, 16],
        "quantity_hidden": [8, 4],
    },
    "training": {"batch_size": 16},
    "stages": {"cnn": {"epochs": 10, "learning_rate": 0.1, "backbone_rate": 0}, **STAGES},
    "evaluation": {"untagged": "visual"},
}


@pytest.fixture(scope="module")
def vectors():
    return np.random.default_rng(7).normal(1, 3, size=(120, SIZE)).astype(np.float32)


@pytest.fixture(scope="module")
def records(vectors, tmp_path_factory):
    """A label is whether a number of the vector is above its mean."""
    folder = tmp_path_factory.mktemp("vectors")
    labels = vectors[:, :3] > 1
    labels[~labels.any(axis=1), 0] = True
    tags = [("red;green;blue"[: 3 + number % 10]) if number % 2 else "" for number in range(120)]
    np.savez(
        folder / "mine.npz",
        ids=[f"{number:03}" for number in range(120)],
        vectors=vectors,
        labels=labels,
        label_names=["a", "b", "c"],
        tags=[text.strip(";") for text in tags],
        splits=["train"] * 80 + ["validation"] * 20 + ["test"] * 20,
    )
    source = features_source(FeaturesSettings(arrays=folder / "mine.npz", model="my CLIP"))
    return build_records(source, out=folder / "records")


@pytest.fixture(scope="module")
def config(records):
    vocabulary = {"data": {"vocabulary_size": len(records.vocabulary)}}
    return parse({**CONFIG, **vocabulary}, "tests")


@pytest.fixture(scope="module")
def run(records, config, tmp_path_factory):
    return train(config, data=records.path, run=tmp_path_factory.mktemp("run") / "run")


@pytest.fixture(scope="module")
def predictions(run, records):
    predict(open_session(run, records.path), "test")
    return Predictions.load(run.predictions("test"))


@pytest.fixture(scope="module")
def tested(vectors, predictions):
    """The test split's vectors, in the predictions' order."""
    return vectors[[int(identifier) for identifier in predictions.ids]]


def test_the_visual_row_is_that_of_plain_numpy(run, vectors, tested, predictions):
    """A logistic regression on standardised vectors."""
    head = trained_branch(run, CNN, "probe", (SIZE,))
    mean, deviation = vectors[:80].mean(axis=0), vectors[:80].std(axis=0)
    dense = next(layer for layer in head.layers if type(layer).__name__ == "Dense")
    kernel, bias = dense.get_weights()
    logits = (tested - mean) / deviation @ kernel + bias
    np.testing.assert_allclose(predictions.probabilities["cnn"], 1 / (1 + np.exp(-logits)), atol=1e-5)


def test_it_learns_what_the_vectors_say(predictions):
    right = (predictions.probabilities["cnn"] > 0.5) == (predictions.labels > 0)
    assert right[:, 1:].mean() > 0.75


@pytest.mark.exhaustive
def test_an_interrupted_training_goes_on_to_the_same_bits(run, config, records, tmp_path):
    class StopError(Exception):
        pass

    steps = itertools.count(1)

    def stop(loop):
        if next(steps) == 7:
            raise StopError

    with pytest.raises(StopError):
        train(config, data=records.path, run=tmp_path / "run", after_step=stop)
    again = train(config, data=records.path, run=tmp_path / "run")
    for stage in ("cnn", "classifier", "quantity"):
        assert stage_digest(again, stage) == stage_digest(run, stage)


@pytest.mark.exhaustive
def test_the_export_takes_vectors_and_says_of_which_model(run, tested, predictions, tmp_path):
    folder = export(run, tmp_path / "export")
    served = tf.saved_model.load(str(folder)).signatures
    assert set(served) == {"serving_default", "given_quantity", "top_k", "decide", "features", "network"}
    tags = tf.constant([""] * 20)
    outputs = served["serving_default"](vector=tf.constant(tested), tags=tags)
    np.testing.assert_allclose(
        outputs["probabilities"], predictions.probabilities["cnn"], atol=1e-6
    )  # without tags the heads on the vector answer
    features = served["features"](vector=tf.constant(tested), tags=tags)
    np.testing.assert_array_equal(features["f_v"], tested)
    assert served["serving_default"](vector=tf.zeros([0, SIZE]), tags=tf.constant([], tf.string))[
        "annotations"
    ].shape == (0, 3)
    card = (folder / "README.md").read_text()
    assert f"vectors of {SIZE} numbers, as my CLIP makes them" in card
    assert "$" not in card
    assert "Photographs are resized" not in card
    assert open_model(folder).vectors == run.dataset.vectors


@pytest.mark.exhaustive
def test_every_engine_answers_as_tensorflow(run, vectors, tmp_path):
    folder = export(run, tmp_path / "export", formats=["saved_model", "onnx", "openvino", "litert"])
    inputs = NetworkInputs(vectors[100:108], np.array([[0], [1]] * 2 + [[-1]] * 4, np.int32))
    answers = {name: open_engine(name, open_model(folder), "float32")(inputs) for name in ENGINES}
    for name, outputs in answers.items():
        reference = answers["tensorflow"]
        np.testing.assert_allclose(outputs.probabilities, reference.probabilities, atol=1e-5, err_msg=name)
        np.testing.assert_array_equal(outputs.selected, reference.selected, err_msg=name)


@pytest.mark.exhaustive
def test_evaluate_and_report_work_as_for_images(run, records, capsys):
    assert main(["evaluate", str(run.path)]) == 0
    assert main(["report", str(run.path)]) == 0
    assert "CNN+Tags+LQP" in capsys.readouterr().out
    assert (run.path / "report" / "index.html").is_file()


def test_photographs_are_refused(run, photos, capsys):
    assert main(["annotate", str(run.path), str(photos)]) == 1
    assert "annotates vectors of my CLIP" in capsys.readouterr().err


def test_images_and_vectors_are_not_mixed_up(config, records, tiny_config, tiny_records, tmp_path):
    with pytest.raises(UserError, match="needs records of vectors"):
        train(config, data=tiny_records.path, run=tmp_path / "run")
    with pytest.raises(UserError, match=r"vectors of my CLIP"):
        train(tiny_config, data=records.path, run=tmp_path / "run")


@pytest.mark.parametrize(
    ("section", "values", "problem"),
    [
        ("model", {"weights": "random"}, 'weights = "none" goes with'),
        ("model", {"flip_average": True}, "flip_average needs images"),
        ("stages", {"cnn": {"epochs": 1, "learning_rate": 0.1}}, "backbone_rate must be 0"),
        ("stages", {"ms_cnn": {"epochs": 1, "learning_rate": 0.1}}, "needs a backbone of several scales"),
        ("data", {"augmentation": "flip"}, "augmentation needs images"),
    ],
)
def test_what_vectors_do_not_have_is_refused(section, values, problem):
    with pytest.raises(UserError, match=problem):
        parse({**CONFIG, section: {**CONFIG[section], **values}}, "tests")


def test_the_run_opens_again(run, records):
    assert open_run(run.path).dataset.vectors == open_records(records.path).vectors
