"""The rates of the paper's two configurations, as shipped, go through all stages without diverging."""

import tarfile
from pathlib import Path

import numpy as np
import pytest

from mmannot_tf.config.loading import load, parse
from mmannot_tf.training.inference.predict import predict
from mmannot_tf.training.session import open_session
from mmannot_tf.training.train import train
from mmannot_tf.weights.importers import import_weights
from tfrecords_tools.building.building import build_records
from tfrecords_tools.mirflickr.settings import MirflickrSettings
from tfrecords_tools.mirflickr.source import mirflickr_source
from tfrecords_tools.reading.records import open_records
from tfrecords_tools.shell.errors import UserError

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive]
SHIPPED = ("nus_wide", "mscoco")
PHOTOGRAPHS = 400


def _settings(name):
    """A shipped configuration with few steps: the rates stay."""
    settings = load(name, ()).model_dump(mode="json", exclude_none=True)
    settings["training"]["reestimate_batches"] = 2
    for stage in settings["stages"].values():
        stage["epochs"] = 3
    return settings


def _check_predictions(run, tiny):
    """All outputs are finite and vary; the predictions, for more checks."""
    predictions = predict(open_session(run), "validation")
    assert set(predictions.probabilities) >= tiny and set(predictions.quantity) == {
        "quantity_visual",
        "quantity",
    }
    for probabilities in predictions.probabilities.values():
        assert probabilities.std() > 0 and probabilities.mean() < 0.9
    return predictions


def _errors(predictions):
    """The mean squared error of each regressor."""
    return [np.mean((raw - predictions.true_quantity) ** 2) for raw in predictions.quantity.values()]


@pytest.mark.parametrize("name", SHIPPED)
def test_the_whole_network_trains_on_generated_records(name, tiny_records, tmp_path):
    settings = _settings(name)
    settings["model"]["weights"] = "random"
    settings["data"] |= {"image_size": 64, "vocabulary_size": 60}
    assert settings["model"]["backbone"] == "resnet101"
    run = train(parse(settings, name), data=tiny_records.path, run=tmp_path / "run")
    predictions = _check_predictions(run, {"cnn", "cnn_longer", "ms_cnn", "tag_encoder", "classifier"})
    # A random network of 101 layers tells little of 64 pixels: the quantities only need to beat zero.
    assert max(_errors(predictions)) < np.mean(predictions.true_quantity**2)


@pytest.fixture(scope="module")
def photographs(shared, tmp_path_factory) -> Path:
    """Records of the first images of MIRFLICKR, with their owners' tags."""
    raw, archives = tmp_path_factory.mktemp("mirflickr"), shared / "data" / "mirflickr"
    for name, below in (("mirflickr25k_annotations_v080", "annotations"), ("mirflickr-tags", ".")):
        with tarfile.open(archives / f"{name}.tar.gz") as file:
            file.extractall(raw / below, filter="data")
    wanted = {f"mirflickr/im{number}.jpg" for number in range(1, PHOTOGRAPHS + 1)}
    with tarfile.open(archives / "mirflickr-0.tar") as file:
        file.extractall(raw, [member for member in file if member.name in wanted], filter="data")
    out = tmp_path_factory.mktemp("records")
    return build_records(mirflickr_source(MirflickrSettings(raw=raw)), out=out).path


@pytest.fixture(scope="module")
def resnet50(npm_archive, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("imported") / "resnet50.h5"
    import_weights(npm_archive, "tfjs", out)
    return out


def _on_real_features(name, resnet50):
    """The configuration with the feature of a fixed ImageNet ResNet-50 as f_v."""
    settings = _settings(name)
    settings["model"] |= {"backbone": "resnet50", "weights": str(resnet50)}
    settings["data"]["vocabulary_size"] = 400
    settings["stages"]["cnn"]["backbone_rate"] = 0
    for stage in ("cnn_longer", "ms_cnn"):
        del settings["stages"][stage]
    return parse(settings, name)


@pytest.mark.real
@pytest.mark.parametrize("name", SHIPPED)
def test_the_heads_train_on_real_features(name, resnet50, photographs, tmp_path):
    config = _on_real_features(name, resnet50)
    run = train(config, data=photographs, run=tmp_path / "run")
    features = np.load(run.features("train") / "pretrained.npy")
    assert features.shape[1] == 2048 and (features**2).sum(axis=1).mean() > 500
    predictions = _check_predictions(run, {"cnn", "tag_encoder", "classifier"})
    # Hardly worse than the mean quantity, or better.
    assert max(_errors(predictions)) < 1.5 * predictions.true_quantity.var()


@pytest.mark.real
@pytest.mark.parametrize("stage", ["quantity_visual", "quantity"])
def test_the_printed_rates_diverge_there(stage, resnet50, photographs, tmp_path):
    """The control: docs/learning-rates.md says so."""
    config = _on_real_features("nus_wide_printed", resnet50)
    earlier = ["cnn", "tag_encoder", "classifier"]
    train(config, data=photographs, run=tmp_path / "run", stages=earlier)
    with pytest.raises(UserError, match="finite"):
        train(config, data=photographs, run=tmp_path / "run", stages=[stage])


def test_records_of_the_photographs_are_what_the_test_says(photographs):
    splits = open_records(photographs).splits
    assert 300 < sum(splits.values()) <= PHOTOGRAPHS and min(splits.values()) > 10
