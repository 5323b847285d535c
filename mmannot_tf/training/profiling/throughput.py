"""Throughput of a sequence of steps, measured in windows after a warm-up."""

import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import tensorflow as tf


@dataclass(frozen=True)
class Timing:
    """The length of the windows (ours).

    Attributes:
        steps: the minimum number of steps per window, and of the warm-up.
        seconds: the minimum duration of a window; the warm-up takes half of it.
        windows: the number of windows.
    """

    steps: int = 3
    seconds: float = 2.0
    windows: int = 3


@dataclass(frozen=True)
class Throughput:
    """A measured throughput.

    Attributes:
        windows: images/s of each window.
        images: the number of images in all windows.
    """

    windows: tuple[float, ...]
    images: int

    @property
    def median(self) -> float:
        """The median of the windows, images/s."""
        return statistics.median(self.windows)


def measure_throughput(
    batches: Iterable[Any], consume: Callable[[Iterator[Any]], object], *, images: int, timing: Timing
) -> Throughput:
    """Measures how fast `consume` goes through `batches`.

    Args:
        batches: an infinite sequence.
        consume: iterates over the batches that it gets.
        images: per batch.
        timing: the length of the windows.
    """
    windows: list[float] = []
    total = 0

    def measured() -> Iterator[Any]:
        nonlocal total
        remaining, warm = iter(batches), False
        while len(windows) < timing.windows:
            start, steps = time.perf_counter(), 0
            seconds = timing.seconds if warm else timing.seconds / 2
            while steps < timing.steps or time.perf_counter() - start < seconds:
                yield next(remaining)
                steps += 1
            tf.test.experimental.sync_devices()
            if warm:
                windows.append(images * steps / (time.perf_counter() - start))
                total += images * steps
            warm = True

    consume(measured())
    return Throughput(tuple(windows), total)
