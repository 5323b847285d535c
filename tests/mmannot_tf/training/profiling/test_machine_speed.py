"""How fast this machine is, with a network of the tiny size."""

import pytest

from mmannot_tf.config.loading import parse
from mmannot_tf.training.profiling import machine_speed
from mmannot_tf.training.profiling.machine_speed import measure_machine_speed
from mmannot_tf.training.profiling.throughput import Timing


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(machine_speed, "TIMING", Timing(steps=1, seconds=0.0, windows=1))


def with_rate(config, rate, weights):
    document = config.model_dump()
    document["model"]["weights"] = weights
    document["stages"]["cnn"]["backbone_rate"] = rate
    return parse(document, "test")


@pytest.mark.exhaustive
def test_a_network_that_moves_has_both_speeds(tiny_config, tiny_records, quick):
    speed = measure_machine_speed(tiny_config, tiny_records.path)
    assert speed.features > speed.fine_tuning > 0  # a training step has a backward pass, too
    assert 10**8 < speed.peak_bytes < 10**11


@pytest.mark.slow
def test_a_fixed_network_has_no_speed_of_fine_tuning_and_needs_no_weights(tiny_config, tiny_records, quick):
    speed = measure_machine_speed(with_rate(tiny_config, 0.0, "nowhere.h5"), tiny_records.path)
    assert speed.features > 0
    assert speed.fine_tuning is None
