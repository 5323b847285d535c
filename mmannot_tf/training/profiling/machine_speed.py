"""Measures on somebody's own records how fast this machine computes features and fine-tunes."""

import itertools
import resource
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import tensorflow as tf

from mmannot_tf.config.settings import Config
from mmannot_tf.proposal.machine_speed import MachineSpeed
from mmannot_tf.runs.configured_stages import configured_stages
from mmannot_tf.runs.stages import CNN, PRETRAINED
from mmannot_tf.training.distribution import one_device
from mmannot_tf.training.inference.trained_branches import feature_model
from mmannot_tf.training.profiling.profile import profile
from mmannot_tf.training.profiling.throughput import Timing, measure_throughput
from mmannot_tf.training.session import Session
from mmannot_tf.training.train import open_training
from tfrecords_tools.reading.records import data_loss_as_user_error

TIMING = Timing(steps=1, seconds=2.0, windows=3)
"""Short windows: a forecast within a factor of 1.5 needs no more (ours)."""


def measure_machine_speed(config: Config, data: Path) -> MachineSpeed:
    """Measures with random weights, so that nothing is downloaded.

    Args:
        config: of the training; its stages `cnn` and `cnn_head` say whether the backbone moves.
        data: the records' folder.

    Raises:
        UserError: the records cannot be trained on.
    """
    moves = config.stages.cnn.backbone_rate > 0
    measured = _with_random_weights(config)
    with tempfile.TemporaryDirectory(prefix="mmannot-speed-") as folder:
        stages = configured_stages(measured)
        session = open_training(measured, data, Path(folder) / "run", one_device(), stages)
        with data_loss_as_user_error(session.records):
            features = _features_per_second(session)
    fine_tuning = _fine_tuned_per_second(measured, data) if moves else None
    return MachineSpeed(features, fine_tuning, _peak_bytes())


def _with_random_weights(config: Config) -> Config:
    """The same network and images, but weights that need no file; such a backbone has to move."""
    cnn = config.stages.cnn.model_copy(update={"backbone_rate": config.stages.cnn.backbone_rate or 1.0})
    stages = config.stages.model_copy(update={"cnn_head": None, "cnn": cnn})
    model = config.model.model_copy(update={"weights": "random"})
    return config.model_copy(update={"model": model, "stages": stages})


def _features_per_second(session: Session) -> float:
    """Images/s of the pretrained backbone's features, from records to the last layer."""
    model = feature_model(session.run, [PRETRAINED])
    split = session.images(session.run.config.training.batch_size).ordered_split("train")
    whole = max(1, split.examples // split.batch_size)

    @tf.function(reduce_retracing=True)
    def forward(images: tf.Tensor) -> Any:
        return model(images, training=False)

    def consume(batches: Iterable[Any]) -> None:
        for images, _ in batches:
            forward(images)

    def endless() -> Iterator[Any]:
        while True:
            yield from itertools.islice(split.read(None), whole)

    images = min(split.batch_size, split.examples)
    return measure_throughput(endless(), consume, images=images, timing=TIMING).median


def _fine_tuned_per_second(config: Config, data: Path) -> float:
    """Images/s of training the stage `cnn`, its input included."""
    return profile(
        config, data=data, distribution=one_device(), stage=CNN.name, timing=TIMING
    ).training.median


def _peak_bytes() -> int:
    """The greatest resident memory of this process so far; Linux counts it in kilobytes, macOS in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
