"""What OpenVINO in bfloat16 and int8 gains in speed, and what it costs in labels.

    python benchmarks/precision.py EXPORT RECORDS [--split validation]

EXPORT is what `mmannot quantize` wrote, RECORDS have the labels of its model. The rates are those of batches
of 16 images in memory, without reading photographs; all precisions run in turn, and a ratio is the median of
the rounds'. F1 is that of the labels that the export gives by itself, against the records' own.
"""

import statistics
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from pages import hardware

import mmannot_tf
from mmannot_tf.data.tag_index import TagIndex
from mmannot_tf.serving.annotating.decoder import open_decoder
from mmannot_tf.serving.engines.catalogue import open_engine
from mmannot_tf.serving.model import Model, open_model
from mmannot_tf.serving.network import Engine, NetworkInputs, NetworkOutputs
from tfrecords_tools.reading.records import Records, open_records, read
from tfrecords_tools.tag_rule.rule import join_tags

ENGINE, SINGLE = "openvino", "float32"
PRECISIONS = (SINGLE, "bfloat16", "int8")
BATCH_SIZE = 16
TIMED, ROUNDS = 4, 5
"""Batches in a timing, and how often each precision is timed."""
COMMAND = "python benchmarks/precision.py EXPORT RECORDS"


@dataclass(frozen=True, eq=False)
class Row:
    """What a precision gave.

    Attributes:
        rates: images per second in each round.
        probabilities: of all images, [N, C].
        selected: the labels given, [N, C].
    """

    rates: list[float]
    probabilities: np.ndarray
    selected: np.ndarray


def main(
    export: Annotated[Path, typer.Argument(help="With int8.")],
    records: Annotated[Path, typer.Argument(help="With the labels of the export's model.")],
    split: Annotated[str, typer.Option(help="Of the records.")] = "validation",
) -> None:
    """Prints a row for each precision."""
    model, opened = open_model(export), open_records(records)
    if model.labels != opened.labels:
        raise SystemExit(f"{records} must have the labels of {export}.")
    batches, targets = _read(model, opened, split)
    engines = {name: open_engine(ENGINE, model, name) for name in PRECISIONS}
    rates = _rates(engines, batches[:TIMED])
    rows = {name: _row(engine, batches, rates[name]) for name, engine in engines.items()}
    typer.echo(_table(rows, targets, split))


def _read(model: Model, records: Records, split: str) -> tuple[list[NetworkInputs], np.ndarray]:
    """A split's images in batches, and its labels, multi-hot [N, C]."""
    decode, index = open_decoder(model, ENGINE), TagIndex(model.tags, model.tag_rule)
    targets: list[np.ndarray] = []

    def examples() -> Iterator[tuple[np.ndarray, str]]:
        for example in read(records, split).as_numpy_iterator():
            targets.append(np.isin(np.arange(len(model.labels)), example["labels"]))
            yield decode(example["image"]), join_tags(tag.decode() for tag in example["tags"])

    batches = []
    remaining = examples()
    while batch := list(islice(remaining, BATCH_SIZE)):
        images, texts = zip(*batch, strict=True)
        batches.append(NetworkInputs(np.stack(images), index.lists(index.split(texts))))
    return batches, np.stack(targets)


def _rates(engines: Mapping[str, Engine], batches: list[NetworkInputs]) -> dict[str, list[float]]:
    rates: dict[str, list[float]] = {name: [] for name in engines}
    for number in range(ROUNDS + 1):
        for name, engine in engines.items():
            begun = time.perf_counter()
            for batch in batches:
                engine(batch)
            if number:  # the first round warms up
                rates[name].append(sum(map(len, batches)) / (time.perf_counter() - begun))
    return rates


def _row(engine: Engine, batches: list[NetworkInputs], rates: list[float]) -> Row:
    outputs: list[NetworkOutputs] = [engine(batch) for batch in batches]
    return Row(
        rates,
        np.concatenate([output.probabilities for output in outputs]),
        np.concatenate([output.selected for output in outputs]),
    )


def _table(rows: Mapping[str, Row], targets: np.ndarray, split: str) -> str:
    single = rows[SINGLE]
    lines = [
        f"`{COMMAND} --split {split}`, {len(targets):,} images, {hardware()}.",
        "",
        "| precision | images/s | times float32 | same labels (%) | mean difference of p | I-F1 | C-F1 |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, row in rows.items():
        times = statistics.median(one / other for one, other in zip(row.rates, single.rates, strict=True))
        same = 100 * np.mean((row.selected == single.selected).all(axis=1))
        difference = np.abs(row.probabilities - single.probabilities).mean()
        scores = mmannot_tf.score(targets, selected=row.selected)
        cells = (
            f"{statistics.median(row.rates):.1f}",
            f"{times:.2f}",
            f"{same:.1f}",
            f"{difference:.4f}",
            f"{scores.image_f1:.1f}",
            f"{scores.class_f1:.1f}",
        )
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    typer.run(main)
