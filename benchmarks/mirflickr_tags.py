"""A run's scores on those test images of MIRFLICKR that have any tag, in the vocabulary or not.

    python benchmarks/mirflickr_tags.py RAW RUN...

`mmannot average --tagged` takes images with a tag of the vocabulary; the figures of others are often of
images with any tag. RAW is the collection's folder, as for `mmannot-records build mirflickr`; validation and
test of the runs must have been evaluated before. The table has the means over the runs: mAP, and I-F1, C-F1
of labels by tags, by the image and by both. The threshold is chosen on validation images with any tag.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from mmannot_tf.config.settings import EvaluationSettings
from mmannot_tf.decisions.selection import above, by_quantity, top_k
from mmannot_tf.decisions.thresholds import best_threshold
from mmannot_tf.evaluation.metrics import annotation_scores, mean_average_precision
from mmannot_tf.evaluation.predictions import Predictions
from mmannot_tf.evaluation.quantity import quantize
from mmannot_tf.report.markdown import markdown_table
from mmannot_tf.runs.run import Run, open_run
from tfrecords_tools.mirflickr.annotations import read_tags

COLUMNS = ("mAP", "k = 3", "k = 5", "p > 0.5", "chosen threshold", "predicted quantity", "true quantity")


def main(
    raw: Annotated[Path, typer.Argument(metavar="RAW")],
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...")],
) -> None:
    """Print a row a kind of input."""
    splits = [
        tuple(_with_a_tag(run, split, raw) for split in ("validation", "test")) for run in map(open_run, runs)
    ]
    settings = [open_run(run).config.evaluation for run in runs]
    test = splits[0][1]
    typer.echo(
        f"{len(runs)} runs, {len(test.ids):,} images of test, {len(test.label_names)} labels, percent.\n"
    )
    inputs = {
        "tags": ("tag_encoder", None),
        "image": (test.visual, "quantity_visual"),
        "image and tags": ("classifier", "quantity"),
    }
    rows = []
    for name, (scorer, regressor) in inputs.items():
        measured = [
            list(_measures(validation, test, scorer, regressor, of_run))
            for (validation, test), of_run in zip(splits, settings, strict=True)
        ]
        means = [np.mean(of_runs, axis=0) for of_runs in zip(*measured, strict=True)]
        rows.append([name, *(", ".join(f"{value:.1f}" for value in np.atleast_1d(mean)) for mean in means)])
    typer.echo(markdown_table(["", *COLUMNS], rows), nl=False)


def _with_a_tag(run: Run, split: str, raw: Path) -> Predictions:
    predictions = Predictions.load(run.predictions(split))
    numbers = [int(name.removeprefix("im")) for name in predictions.ids]
    tags, _ = read_tags(raw, numbers)
    return predictions.where(np.array([bool(tags[number]) for number in numbers]))


def _measures(
    validation: Predictions,
    test: Predictions,
    scorer: str,
    regressor: str | None,
    settings: EvaluationSettings,
) -> Iterator[tuple[float, ...]]:
    """mAP, then I-F1 and C-F1 in each column; none for a quantity that no stage predicts."""
    scores = test.probabilities[scorer]
    threshold = best_threshold(validation.probabilities[scorer], validation.labels)
    yield (mean_average_precision(scores, test.labels),)
    for selected in (
        top_k(scores, 3),
        top_k(scores, 5),
        above(scores, 0.5),
        above(scores, threshold),
        regressor and by_quantity(scores, quantize(test.quantity[regressor], scores.shape[1], settings)),
        by_quantity(scores, test.true_quantity),
    ):
        measured = None if selected is None else annotation_scores(selected, test.labels)
        yield () if measured is None else (measured.image_f1, measured.class_f1)


if __name__ == "__main__":
    typer.run(main)
