"""Images/s of each way from records to batches: whole images, crops, and the decoded cache.

    python benchmarks/input_rates.py --data records/mscoco

Each way is measured once per round, in turn, so that other work on the machine slows all. The table has the
medians.
"""

import dataclasses
import itertools
import statistics
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated
from unittest import mock

import tensorflow as tf
import typer

from mmannot_tf.config.settings import DataSettings
from mmannot_tf.data import cropping
from mmannot_tf.data.arrays import load_arrays
from mmannot_tf.data.cached_batches import CachedBatches
from mmannot_tf.data.decoded_cache import DecodedCache
from mmannot_tf.data.image_batches import ImageBatches
from mmannot_tf.training.profiling.throughput import Timing, measure_throughput
from mmannot_tf.weights.provenance import CENTRED
from tfrecords_tools.reading.records import open_records

BATCH = 32


def main(
    data: Annotated[Path, typer.Option(help="The records' folder.")],
    rounds: Annotated[int, typer.Option(help="Times each way is measured.")] = 5,
    size: Annotated[int, typer.Option(help="Side of the network's input.")] = 224,
) -> None:
    """Measures and prints a Markdown table."""
    records = open_records(data)
    plain = ImageBatches(records, DataSettings(image_size=size), CENTRED, batch_size=BATCH)
    crops = dataclasses.replace(plain, data=DataSettings(image_size=size, augmentation="crop"))
    with tempfile.TemporaryDirectory() as folder:
        cache = DecodedCache(plain, Path(folder))
        cache.store()
        arrays = load_arrays(records, "train", ())
        ways: dict[str, Callable[[int], tf.data.Dataset]] = {
            "whole images": lambda epoch: plain.epoch(seed=0, epoch=epoch),
            "crops": lambda epoch: crops.epoch(seed=0, epoch=epoch),
            "crops, decoded whole and cut": lambda epoch: _cut(crops, epoch),
            'decoded_cache = "memory"': _of(CachedBatches(plain, cache.in_memory(), arrays)),
            'decoded_cache = "disk", cached by the system': _of(CachedBatches(plain, cache.open(), arrays)),
        }
        rates_of = {name: [] for name in ways}
        for _ in range(rounds):
            for name, epoch in ways.items():
                rates_of[name].append(_rate(epoch))
    typer.echo("| | images/s | lowest | highest |\n|---|---:|---:|---:|")
    for name, rates in rates_of.items():
        cells = (statistics.median(rates), min(rates), max(rates))
        typer.echo(f"| {name} | " + " | ".join(f"{rate:,.0f}" for rate in cells) + " |")


def _of(batches: CachedBatches) -> Callable[[int], tf.data.Dataset]:
    return lambda epoch: batches.epoch(seed=0, epoch=epoch)


def _cut(crops: ImageBatches, epoch: int) -> tf.data.Dataset:
    with mock.patch.object(cropping.tf.io, "is_jpeg", lambda _: tf.constant(False)):
        return crops.epoch(seed=0, epoch=epoch)


def _rate(epoch: Callable[[int], tf.data.Dataset]) -> float:
    def batches() -> Iterator:
        return itertools.chain.from_iterable(map(epoch, itertools.count()))

    timing = Timing(windows=1)
    return measure_throughput(
        batches(), lambda dataset: deque(dataset, maxlen=0), images=BATCH, timing=timing
    ).median


if __name__ == "__main__":
    typer.run(main)
