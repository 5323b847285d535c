"""A stage of one linear layer, and interruptions: a call that raises, a signal to a command."""

import contextlib
import itertools
import os
import subprocess
import time

import h5py
import keras
import numpy as np
import pytest

from mmannot_tf.cli.launch import PROGRAM
from mmannot_tf.config.loading import dump, parse
from mmannot_tf.config.settings import TrainingSettings
from mmannot_tf.config.stage import StageSettings
from mmannot_tf.data.array_batches import ArrayBatches
from mmannot_tf.evaluation.predictions import Predictions
from mmannot_tf.losses.sigmoid_cross_entropy import SigmoidCrossEntropy
from mmannot_tf.models.backbone import build_backbone
from mmannot_tf.models.geometry import KERAS
from mmannot_tf.runs.run import open_run
from mmannot_tf.training.inference.predict import predict
from mmannot_tf.training.loop.job import Job
from mmannot_tf.training.loop.stage_log import StageLog
from mmannot_tf.training.network import Network
from mmannot_tf.training.session import open_session
from mmannot_tf.training.train import train
from mmannot_tf.weights.assignment import named_variables
from mmannot_tf.weights.provenance import CENTRED, Provenance
from mmannot_tf.weights.weights_file import tensors_digest, write
from tfrecords_tools.shell.progress import progress_bars

ROWS, STEPS = 20, 3


@pytest.fixture
def stage_job(tmp_path):
    """Makes jobs of 2 epochs of 3 steps, saved after every step; equal jobs train to the same bits."""
    with progress_bars() as bars:

        def make(folder="stage", *, inputs=None, validate=lambda: ({"image_f1": 1.0}, 1.0), **changes):
            keras.utils.set_random_seed(0)
            draw = np.random.default_rng(3)
            drawn = draw.normal(size=(ROWS, 4)).astype(np.float32)
            targets = (draw.random((ROWS, 3)) < 0.4).astype(np.float32)
            names = tuple(f"image{row}" for row in range(ROWS))
            dense = keras.layers.Dense(3, name="dense")
            layer = keras.Sequential([keras.Input((4,)), dense], name="classifier")
            start = keras.Input((4,))
            settings = changes.pop("settings", StageSettings(epochs=2, learning_rate=0.1))
            lengths = {"epochs": settings.epochs, "steps": STEPS, "batch_size": 8}
            values = {
                "network": Network(
                    keras.Model(start, layer(start), name="classifier"), {"classifier": layer}
                ),
                "loss": SigmoidCrossEntropy("sum").call,
                "batches": ArrayBatches(drawn if inputs is None else inputs, targets, 8, names=names),
                "examples": ROWS,
                "settings": settings,
                "section": "stages",
                "training": TrainingSettings(batch_size=8, weight_decay="ema", checkpoint_seconds=0.0),
                "validate": validate,
                "folder": tmp_path / folder,
                "log": StageLog(tmp_path / folder, name="classifier", bars=bars, **lengths),
            }
            return Job(**{**values, **changes})

        yield make


class _KilledError(Exception):
    pass


@pytest.fixture
def killed_in(monkeypatch):
    """`with killed_in(owner, name):` the first call of `owner.name` raises, as if its process were killed;
    it calls `last` before.
    """

    @contextlib.contextmanager
    def within(owner, name, *, last=lambda *_, **__: None):
        def cut_short(*arguments, **options):
            last(*arguments, **options)
            raise _KilledError

        with monkeypatch.context() as patch, pytest.raises(_KilledError):
            patch.setattr(owner, name, cut_short)
            yield

    return within


@pytest.fixture
def killed_after():
    """`with killed_after(n) as after_step:` a training with this hook ends after n saved steps and one more,
    as if its process were killed there.
    """

    @contextlib.contextmanager
    def within(saved):
        taken = itertools.count()

        def after_step(_):
            if next(taken) == saved:
                raise _KilledError

        with pytest.raises(_KilledError):
            yield after_step

    return within


@pytest.fixture(scope="session")
def saving_each_step():
    """Changes a configuration to one with a checkpoint after each step."""

    def changed(config):
        training = config.training.model_copy(update={"checkpoint_seconds": 0.0})
        return config.model_copy(update={"training": training})

    return changed


@pytest.fixture
def command_for(tiny_records, saving_each_step, tmp_path):
    """The command that trains a configuration on the tiny records, saving after each step."""

    def command(config, run):
        file = tmp_path / "config.toml"
        file.write_text(dump(saving_each_step(config)), encoding="utf-8")
        return [*PROGRAM, "train", str(file), "--data", str(tiny_records.path), "--run", str(run)]

    return command


@pytest.fixture
def stopped_within():
    """Sends a signal to a command after a stage's first checkpoint; returns its exit status and stderr."""

    def stopped(command, stage, number):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 200
        while not list((stage / "checkpoint").glob("*.index")):
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                pytest.fail(f"no checkpoint in {stage}: {process.communicate()[1][-2000:]}")
            time.sleep(0.01)
        os.kill(process.pid, number)
        told = process.communicate(timeout=60)[1]
        return process.returncode, told

    return stopped


@pytest.fixture(scope="session")
def pretrained(tmp_path_factory):
    """A file of weights of the tiny backbone, and the backbone itself."""
    keras.utils.set_random_seed(7)
    backbone = build_backbone("tiny", image_size=32, momentum=0.9, epsilon=1e-3)
    tensors = {name: variable.numpy() for name, variable in named_variables(backbone).items()}
    file = tmp_path_factory.mktemp("weights") / "tiny.h5"
    write(file, tensors, Provenance("keras", "tiny", 1e-3, KERAS, CENTRED, tensors_digest(tensors)))
    return file, backbone


@pytest.fixture(scope="session")
def config_without_fusion(tiny_config, pretrained):
    """No fusion blocks, a head on the pretrained CNN, pooled scales, and heads on standardised features."""
    settings = tiny_config.model_dump(mode="json", exclude_none=True)
    settings["model"] |= {"weights": str(pretrained[0]), "feature_scaling": "standardized"}
    stages = settings["stages"]
    for name in ("cnn_longer", "ms_cnn"):
        del stages[name]
    stages["cnn_head"] = {"epochs": 3, "learning_rate": 0.05}
    stages["cnn"] = {"epochs": 1, "learning_rate": 1e-9}  # so that it hardly moves
    stages["cnn_scales"] = {"epochs": 2, "learning_rate": 0.02}
    return parse(settings, "test")


@pytest.fixture(scope="session")
def run_without_fusion(config_without_fusion, tiny_records, made_once):
    """A run of this configuration, trained and with validation predicted; tests must not change it."""

    def make(folder):
        predict(open_session(train(config_without_fusion, data=tiny_records.path, run=folder)), "validation")

    return open_run(made_once("run_without_fusion", make))


@pytest.fixture(scope="session")
def predictions_without_fusion(run_without_fusion):
    """Its predictions of the validation split."""
    return Predictions.load(run_without_fusion.predictions("validation"))


@pytest.fixture(scope="session")
def weights_of():
    """The weights of a branch by name, as a stage's file has them."""

    def read(run, stage, branch):
        found = {}
        with h5py.File(run.weights(stage, branch)) as file:
            file.visititems(
                lambda name, item: found.update({name: item[()]} if hasattr(item, "shape") else {})
            )
        return dict(sorted(found.items()))

    return read


@pytest.fixture(scope="session")
def features_of():
    """The cached features of a split, side by side: [N, ΣD]."""

    def read(run, split, names):
        return np.concatenate(list(open_session(run).features(split).get(names).values()), axis=1)

    return read


@pytest.fixture(scope="session")
def outputs_by_hand(weights_of, features_of):
    """What a head on standardised features gives on the validation split, in plain numpy: [N, outputs]."""

    def compute(run, stage, branch, names):
        fitted = features_of(run, "train", names).astype(np.float64)
        spread = fitted.std(axis=0)
        spread = np.maximum(spread, 0.01 * np.sqrt((spread**2).mean()))
        values = (features_of(run, "validation", names) - fitted.mean(axis=0)) / spread
        weights = weights_of(run, stage, branch)
        dense = [weight for name, weight in weights.items() if "standardization" not in name]
        layers = list(zip(dense[::2], dense[1::2], strict=True))
        for number, (kernel, bias) in enumerate(layers, start=1):
            values = values @ kernel + bias
            values = np.maximum(values, 0) if number < len(layers) else values
        return values

    return compute
