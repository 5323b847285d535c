"""The input pipeline compared with decoding the same JPEGs alone.

    python benchmarks/pipeline.py [--data RECORDS] [--smoke] [--json FILE]

Ours reads TFRecords, decodes, resizes to 224 pixels, normalises and batches; the reference decodes the same
bytes from memory with as many threads to the same pixels, and drops them. The parts of the pipeline are
timed, too. Without --data the records have random images with the cost of photographs.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import tensorflow as tf
import typer
from harness import JsonOption, SmokeOption, compare, report
from photographs import photograph_records

from mmannot_tf.config.settings import DataSettings
from mmannot_tf.data.image_batches import ImageBatches
from mmannot_tf.data.images import decode, decode_resized, normalise
from mmannot_tf.weights.provenance import CENTRED
from tfrecords_tools.reading.records import open_records, read

BATCH, COUNT = 32, 256


def main(
    data: Annotated[Path | None, typer.Option("--data", help="Records.")] = None,
    smoke: SmokeOption = False,
    json_file: JsonOption = None,
) -> None:
    """Prints the ratio."""
    with tempfile.TemporaryDirectory() as scratch:
        records = open_records(data) if data else photograph_records(Path(scratch), 40 if smoke else COUNT)
        batches = ImageBatches(records, DataSettings(image_size=224), CENTRED, batch_size=BATCH)
        encoded = [example["image"] for example in read(records, "train").as_numpy_iterator()]
        decoded = _draining(_mapped(encoded, lambda image: decode(image, orientation="ignored")))
        parts = {
            "read alone": read(records, "train"),
            "decode, resize": _mapped(encoded, _resized),
            "decode, resize, normalise": _mapped(encoded, _input),
        }
        answers = [
            compare(
                f"{len(encoded)} images, from records to batches",
                ("read, decode, resize, normalise, batch", _draining(batches.split("train"))),
                ("decode", decoded),
                pairs=1 if smoke else 7,
                faster=True,
                goal=("at least", 0.85),
            ),
            *(
                compare(
                    f"{len(encoded)} images, {name}, time over decoding's",
                    (name, _draining(part)),
                    ("decode", decoded),
                    pairs=1 if smoke else 3,
                )
                for name, part in parts.items()
            ),
        ]
    report(answers, json_file)


def _resized(encoded: tf.Tensor) -> tf.Tensor:
    return decode_resized(encoded, size=224, sampling="antialiased", orientation="exif")


def _input(encoded: tf.Tensor) -> tf.Tensor:
    return normalise(_resized(encoded), CENTRED)


def _mapped(encoded: list[bytes], made: Callable[[tf.Tensor], tf.Tensor]) -> tf.data.Dataset:
    return tf.data.Dataset.from_tensor_slices(encoded).map(made, num_parallel_calls=tf.data.AUTOTUNE)


def _draining(elements: tf.data.Dataset) -> Callable[[], int]:
    """A function that reads an epoch; the pipeline is built and traced only once."""
    count = tf.function(lambda: elements.reduce(0, lambda count, *_: count + 1))
    return lambda: int(count())


if __name__ == "__main__":
    typer.run(main)
