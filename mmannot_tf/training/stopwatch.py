"""Rates of something that is taken step by step, without its first steps."""

import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import tensorflow as tf


@dataclass(frozen=True)
class Timing:
    """How long the windows last (ours); the rate is the median of theirs.

    Attributes:
        steps: at least so many a window, and before the first one.
        seconds: at least so long a window, and half as long before the first one.
        windows: how many.
    """

    steps: int = 3
    seconds: float = 2.0
    windows: int = 3


@dataclass(frozen=True)
class Rates:
    """What was measured.

    Attributes:
        windows: images/s of each.
        images: of all windows together.
    """

    windows: tuple[float, ...]
    images: int

    @property
    def median(self) -> float:
        """Images/s."""
        return statistics.median(self.windows)


def rates_of(
    batches: Iterable[Any], take: Callable[[Iterator[Any]], object], *, images: int, timing: Timing
) -> Rates:
    """Lets `take` go through `batches` until enough windows are measured.

    Args:
        batches: without end.
        take: consumes what it is given, one after the other.
        images: a batch.
        timing: of the windows.
    """
    windows: list[float] = []
    total = 0

    def measured() -> Iterator[Any]:
        nonlocal total
        rest, warm = iter(batches), False
        while len(windows) < timing.windows:
            begun, steps = time.perf_counter(), 0
            least = timing.seconds if warm else timing.seconds / 2
            while steps < timing.steps or time.perf_counter() - begun < least:
                yield next(rest)
                steps += 1
            tf.test.experimental.sync_devices()
            if warm:
                windows.append(images * steps / (time.perf_counter() - begun))
                total += images * steps
            warm = True

    take(measured())
    return Rates(tuple(windows), total)
