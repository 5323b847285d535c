"""Windows of a fake clock that advances by the cost of each step."""

import itertools

import pytest

from mmannot_tf.training.profiling import throughput
from mmannot_tf.training.profiling.throughput import Timing, measure_throughput


@pytest.fixture
def measured(monkeypatch):
    """The throughput of steps that cost these seconds, then 1 each."""

    def rates(costs, timing):
        now = [0.0]
        monkeypatch.setattr(throughput.time, "perf_counter", lambda: now[0])
        left = itertools.chain(costs, itertools.repeat(1.0))

        def take(batches):
            for _ in batches:
                now[0] += next(left)

        return measure_throughput(itertools.repeat(None), take, images=8, timing=timing)

    return rates


def test_the_first_steps_do_not_count(measured):
    result = measured([100.0, 10.0], Timing(steps=2, seconds=1.0, windows=3))
    assert result.windows == (8.0, 8.0, 8.0)
    assert result.images == 3 * 2 * 8


def test_a_window_lasts_at_least_its_seconds(measured):
    result = measured([0.5] * 100, Timing(steps=2, seconds=4.0, windows=2))
    assert result.windows == (16.0, 16.0)
    assert result.images == 2 * 8 * 8


def test_the_rate_is_the_median_of_the_windows(measured):
    result = measured([1.0, 2.0, 1.0, 8.0], Timing(steps=1, seconds=0.5, windows=3))
    assert result.windows == (4.0, 8.0, 1.0)
    assert result.median == 4.0
