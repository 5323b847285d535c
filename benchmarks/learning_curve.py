"""How much more photographs give: MIRFLICKR with 125 to 7,000 of them, as `mmannot init` proposes.

    python benchmarks/learning_curve.py RAW OUT

RAW is the collection's folder, as for `mmannot-records build mirflickr`. For each number the program links
so many of its training images and the same 1,500 test images into a folder of their own, builds records,
lets `mmannot init` write a configuration, trains and evaluates. It prints three tables, and writes the plot
OUT/learning-curve.png. A training that is there is not repeated.
"""

import json
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from mmannot_tf.decisions.selection import above
from mmannot_tf.decisions.thresholds import best_threshold
from mmannot_tf.evaluation.metrics import annotation_scores, mean_average_precision
from mmannot_tf.evaluation.predictions import Predictions
from mmannot_tf.report.markdown import markdown_table
from mmannot_tf.runs.run import open_run
from tfrecords_tools.mirflickr.layout import image_numbers
from tfrecords_tools.mirflickr.splits import training_numbers
from tfrecords_tools.reading.records import open_records
from tfrecords_tools.shell.files import write_json

SIZES = (125, 250, 500, 1000, 2000, 4000, 7000)
TEST_IMAGES = 1500
BINS = (0, 5, 15, 50, 150, 500, 1500, 10_000)
"""Bounds of the numbers of photographs a label."""
LEAST_POSITIVE = 10
"""A label with fewer test photographs has no average precision to speak of, and is left out of the bins."""
FORETOLD = re.compile(r"Foretold for this machine .*: ([\d,]+) minutes? and ([\d.]+) GB")
"""What `mmannot init` says of a training."""
BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Cost:
    """What a training takes.

    Attributes:
        minutes: of `mmannot train`.
        gigabytes: its greatest resident memory.
    """

    minutes: float
    gigabytes: float


@dataclass(frozen=True)
class Point:
    """One number of photographs.

    Attributes:
        photographs: to train and validate on.
        foretold: by `mmannot init`, as it says it, in whole minutes.
        cost: as measured.
        mean_ap: mAP on the test images, percent.
        visual_ap: the same without the photographs' tags.
        image_f1: I-F1 of the labels above a threshold chosen on validation, percent.
        labels: of each label: training photographs, test photographs, average precision in percent.
    """

    photographs: int
    foretold: Cost
    cost: Cost
    mean_ap: float
    visual_ap: float
    image_f1: float
    labels: list[tuple[int, int, float]]


def main(
    raw: Annotated[Path, typer.Argument(metavar="RAW")],
    out: Annotated[Path, typer.Argument(metavar="OUT")],
    sizes: Annotated[list[int] | None, typer.Option("--size", help="Only these numbers.")] = None,
) -> None:
    """Print scores a number of photographs, scores a number of photographs a label, and what it took."""
    points = [measured(raw, out / str(size), size) for size in sizes or SIZES]
    rows = [
        [
            f"{point.photographs:,}",
            *(
                f"{value:.1f}"
                for value in (point.mean_ap, point.visual_ap, point.image_f1, point.cost.minutes)
            ),
        ]
        for point in points
    ]
    typer.echo(markdown_table(["photographs", "mAP", "mAP without tags", "I-F1", "minutes"], rows))
    typer.echo(
        markdown_table(["photographs a label", "labels", "AP: median", "half of them"], [*_bins(points)])
    )
    typer.echo(
        markdown_table(
            ["photographs", "minutes foretold", "minutes", "GB foretold", "GB"],
            [
                [
                    f"{point.photographs:,}",
                    f"{point.foretold.minutes:.0f}",
                    f"{point.cost.minutes:.1f}",
                    f"{point.foretold.gigabytes:.1f}",
                    f"{point.cost.gigabytes:.1f}",
                ]
                for point in points
            ],
        )
    )
    draw(points, out / "learning-curve.png")


def measured(raw: Path, folder: Path, size: int) -> Point:
    """Trains on so many photographs, and scores the test images."""
    folder.mkdir(parents=True, exist_ok=True)
    records, run, config = folder / "records", folder / "run", folder / "proposed.toml"
    if not records.exists():
        link(raw, folder / "raw", size)
        _command("mmannot-records", "build", "mirflickr", "--raw", folder / "raw", "--out", records)
    if not config.exists():
        _command("mmannot", "init", records, "--out", config)
    cost = folder / "cost.json"
    if not cost.exists():
        write_json(cost, asdict(_train(config, records, run)))
    _command("mmannot", "evaluate", run, "--bootstrap", 0)
    return _point(run, size, _foretold(config), Cost(**json.loads(cost.read_text(encoding="utf-8"))))


def link(raw: Path, folder: Path, size: int) -> None:
    """A folder in the collection's layout: so many training images, and the test images."""
    numbers = image_numbers(raw)
    for_training = {*training_numbers(numbers, "modulo", seed=0)}
    drawn = random.Random(0).sample(sorted(for_training), size)
    for_test = [number for number in numbers if number not in for_training][:TEST_IMAGES]
    images = folder / "mirflickr"
    images.mkdir(parents=True)
    (images / "meta").symlink_to((raw / "mirflickr" / "meta").resolve())
    for number in (*drawn, *for_test):
        (images / f"im{number}.jpg").symlink_to((raw / "mirflickr" / f"im{number}.jpg").resolve())
    for file in raw.glob("*.txt"):
        (folder / file.name).symlink_to(file.resolve())


def _command(*words: object) -> None:
    program, *arguments = map(str, words)
    subprocess.run([BIN / program, *arguments], check=True, stdout=subprocess.DEVNULL)


def _train(config: Path, records: Path, run: Path) -> Cost:
    """Trains in a process of its own; Linux counts its memory in kilobytes."""
    begun = time.monotonic()
    command = [BIN / "mmannot", "train", config, "--data", records, "--run", run]
    training = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(training.pid, 0)
    if status:
        raise subprocess.CalledProcessError(os.waitstatus_to_exitcode(status), command)
    return Cost(minutes=(time.monotonic() - begun) / 60, gigabytes=1024 * usage.ru_maxrss / 1e9)


def _foretold(config: Path) -> Cost:
    """What the comment at a proposal's head says."""
    found = FORETOLD.search(config.read_text(encoding="utf-8"))
    if found is None:
        raise ValueError(f"A proposal must foretell its training. Received: {config}.")
    minutes, gigabytes = found.groups()
    return Cost(float(minutes.replace(",", "")), float(gigabytes))


def _point(run: Path, size: int, foretold: Cost, cost: Cost) -> Point:
    opened = open_run(run)
    validation, test = (Predictions.load(opened.predictions(split)) for split in ("validation", "test"))
    scorer = "classifier" if "classifier" in test.probabilities else test.visual
    scores, images = test.probabilities[scorer], open_records(opened.dataset.path).splits["train"]
    threshold = best_threshold(validation.probabilities[scorer], validation.labels)
    return Point(
        photographs=size,
        foretold=foretold,
        cost=cost,
        mean_ap=mean_average_precision(scores, test.labels),
        visual_ap=mean_average_precision(test.probabilities[test.visual], test.labels),
        image_f1=annotation_scores(above(scores, threshold), test.labels).image_f1,
        labels=[
            (
                round(float(share) * images),
                int(test.labels[:, label].sum()),
                mean_average_precision(scores[:, [label]], test.labels[:, [label]]),
            )
            for label, share in enumerate(test.label_frequencies)
        ],
    )


def _bins(points: Sequence[Point]) -> Iterator[list[str]]:
    """Of the labels of all points, by their number of training photographs: the quartiles of their AP."""
    known = [label for point in points for label in point.labels if label[1] >= LEAST_POSITIVE]
    for low, high in pairwise(BINS):
        precisions = [precision for images, _, precision in known if low <= images < high]
        if precisions:
            lower, median, upper = np.quantile(precisions, (0.25, 0.5, 0.75))
            yield [
                f"{low:,} to {high - 1:,}",
                f"{len(precisions)}",
                f"{median:.0f}",
                f"{lower:.0f} to {upper:.0f}",
            ]


def draw(points: Sequence[Point], file: Path) -> None:
    """Draws both scores against the number of photographs, and AP against photographs a label."""
    import matplotlib.pyplot as plt

    figure, (of_all, of_labels) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    photographs = [point.photographs for point in points]
    of_all.semilogx(photographs, [point.mean_ap for point in points], "o-", label="mAP")
    of_all.semilogx(photographs, [point.visual_ap for point in points], "^:", label="mAP without tags")
    of_all.semilogx(photographs, [point.image_f1 for point in points], "s--", label="I-F1")
    of_all.set(xlabel="photographs with labels", ylabel="percent")
    of_all.set_xticks(photographs, [f"{number:,}" for number in photographs], rotation=45)
    of_all.minorticks_off()
    of_all.legend()
    for point in points:
        known = [label for label in point.labels if label[1] >= LEAST_POSITIVE and label[0]]
        of_labels.semilogx(
            [images for images, _, _ in known],
            [precision for _, _, precision in known],
            ".",
            label=f"{point.photographs:,}",
        )
    of_labels.set(xlabel="training photographs that have the label", ylabel="its average precision, percent")
    of_labels.legend(title="photographs", fontsize="small", ncols=2)
    for axes in (of_all, of_labels):
        axes.grid(visible=True, alpha=0.4)
    figure.savefig(file, dpi=90)


if __name__ == "__main__":
    typer.run(main)
