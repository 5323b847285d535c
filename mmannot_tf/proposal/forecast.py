"""Foretells how long a configuration trains on a machine, and how much memory it takes."""

import math
from dataclasses import dataclass

from mmannot_tf.config.settings import Config
from mmannot_tf.config.stage import StageSettings
from mmannot_tf.proposal.collection import Collection
from mmannot_tf.proposal.machine_speed import MachineSpeed
from mmannot_tf.runs.configured_stages import configured_stages, stage_settings
from mmannot_tf.runs.stages import needs_tags

START_SECONDS = 15.0
"""Until the first image is read: TensorFlow, the network, its weights (measured, two cores)."""
STAGE_SECONDS, EPOCH_SECONDS, STEP_SECONDS = 4.0, 0.15, 0.004
"""Of a head on fixed features: its graphs, its validation and checkpoint, a step (measured, two cores)."""
FEATURE_BYTES = 2048 * 4
"""Of an image: the float32 units of a ResNet's last layer."""
COPIES = 4
"""How often all features are in memory at once: as read, standardised, joined with tags, in tf.data."""


@dataclass(frozen=True)
class Forecast:
    """What `mmannot train` is expected to take.

    Attributes:
        minutes: of its whole run.
        gigabytes: of memory at its peak.
    """

    minutes: float
    gigabytes: float


def forecast(config: Config, collection: Collection, speed: MachineSpeed) -> Forecast:
    """Adds up what the stages take.

    Args:
        config: of the training.
        collection: what it trains on.
        speed: of the machine, with this configuration.
    """
    images = collection.training + collection.validation
    passes = 1.0
    seconds = START_SECONDS
    for stage in configured_stages(config):
        settings = stage_settings(config, stage)
        if needs_tags(stage) and not config.data.vocabulary_size:
            continue
        if stage.name == "cnn" and speed.fine_tuning is not None:
            seconds += settings.epochs * (
                collection.training / speed.fine_tuning + collection.validation / speed.features
            )
            passes += 1  # the features of the network as it is now
        else:
            seconds += _head_seconds(settings, config.training.batch_size, collection.training)
    seconds += passes * images / speed.features
    return Forecast(
        minutes=seconds / 60, gigabytes=(speed.peak_bytes + COPIES * FEATURE_BYTES * images) / 1e9
    )


def _head_seconds(settings: StageSettings, batch_size: int, training: int) -> float:
    steps = math.ceil(training / (settings.batch_size or batch_size))
    return STAGE_SECONDS + settings.epochs * (EPOCH_SECONDS + steps * STEP_SECONDS)
