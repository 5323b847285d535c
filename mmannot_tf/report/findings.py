"""What the page about a run shows, as values. Draws nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from mmannot_tf.config.settings import EvaluationSettings
from mmannot_tf.evaluation.how_many import HowMany
from mmannot_tf.evaluation.predictions import Predictions
from mmannot_tf.evaluation.quantity import quantize
from mmannot_tf.evaluation.row_catalogue import Row
from mmannot_tf.evaluation.rows import annotating_row, features_read, select
from mmannot_tf.evaluation.verdict import Verdict
from mmannot_tf.paper.comparability import build_departures, build_in_force
from mmannot_tf.paper.readings import ReadingInForce, departures, in_force, readings_in_force
from mmannot_tf.report.cases import Case, case, choose, ranking
from mmannot_tf.report.counts import (
    ClassCounts,
    Pair,
    class_counts,
    frequent,
    pairs,
    quantity_confusion,
    shares_together,
)
from mmannot_tf.report.curves import Curve, curves
from mmannot_tf.report.doubts import Doubt, doubts
from mmannot_tf.report.weakest import WeakLabel, weakest_labels
from mmannot_tf.runs.run import Run
from mmannot_tf.runs.untagged import annotation_settings
from tfrecords_tools.reading.passed_over import PassedOver
from tfrecords_tools.shell.files import Json

CASES = 8
"""Images of each kind, at most."""
WEAKEST, LEAST_IMAGES, EXAMPLES = 6, 5, 3
"""The labels with the lowest F1 that are shown, the images that must have one, and examples of each kind."""
MAX_DOUBTS = 1000
"""Likely errors of the ground truth in the file that the page offers, at most."""
MAX_QUANTITY = 15
"""Larger quantities share the last row and column of a confusion matrix."""
MAX_TOGETHER = 20
"""Labels in the matrices of co-occurrence, and pairs in their table, at most."""


@dataclass(frozen=True, eq=False)
class Findings:
    """The results of a run on one split.

    Attributes:
        run: the run.
        row: of the tables; the other fields describe its annotations.
        classes: every class, the most frequent first.
        confusions: features that a regressor reads → its quantity confusion, [Q, Q] int64.
        frequent: the names of the L most frequent labels.
        true_shares: their co-occurrence in the truth, [L, L] float64, rows given.
        annotated_shares: the same among the annotations.
        pairs: the labels that occur together most often.
        cases: "best", "between" and "worst" → images.
        curves: of every stage with a log.
        readings: of the paper that concern the run, with the values in force.
        departures: from the default readings, a phrase each.
        build_known: whether the readings include those of the records' build.
        passed_over: what that build left out; None where it is not known.
        predictions: their digest.
        weakest: the labels with the lowest F1.
        doubts: labels of the ground truth that the scores contradict, the surest first.
        how_many: the ways to decide for the row's scorer; None where they cannot be fitted on another split.
        verdict: the results in short; None without resampling.
        unknown: how many pairs of an image and a label are left out, for nothing is known of them.
    """

    run: Run
    row: Row
    classes: list[ClassCounts]
    confusions: Mapping[str, np.ndarray]
    frequent: list[str]
    true_shares: np.ndarray
    annotated_shares: np.ndarray
    pairs: list[Pair]
    cases: Mapping[str, list[Case]]
    curves: list[Curve]
    readings: list[ReadingInForce]
    departures: list[str]
    build_known: bool
    passed_over: PassedOver | None
    predictions: str
    weakest: list[WeakLabel]
    doubts: list[Doubt]
    how_many: HowMany | None = None
    verdict: Verdict | None = None
    unknown: int = 0


def findings(
    run: Run,
    predictions: Predictions,
    build: Mapping[str, Json] | None,
    *,
    passed_over: PassedOver | None = None,
    how_many: HowMany | None = None,
    verdict: Verdict | None = None,
) -> Findings:
    """Collects the results of a run from a split's predictions and the stages' logs.

    Args:
        run: the run.
        predictions: of one of its splits.
        build: the settings that its records were built with; None where they are not available.
        passed_over: what that build left out; None where it is not known.
        how_many: the ways to decide, fitted on another split; None for none.
        verdict: the results in short; None for none.

    Raises:
        UserError: no known scorer is among the predictions, or a log is broken.
    """
    settings = annotation_settings(run)
    row = annotating_row(predictions, settings)
    chosen, labels, names = select(row, predictions, settings), predictions.labels, predictions.label_names
    shown, counts = frequent(labels, MAX_TOGETHER), class_counts(chosen, labels, names)
    scores = predictions.probabilities[row.scorer]
    unknown = None if predictions.unknown is None else predictions.unknown[:, shown]
    return Findings(
        run=run,
        row=row,
        classes=counts,
        confusions=_confusions(predictions, settings),
        frequent=[names[j] for j in shown],
        true_shares=shares_together(labels[:, shown], unknown),
        annotated_shares=shares_together(chosen[:, shown], unknown),
        pairs=pairs(chosen, labels, names, count=MAX_TOGETHER),
        cases=_cases(row, predictions, chosen),
        curves=curves(run),
        readings=_readings(run, build),
        departures=[
            *departures(in_force(run.config)),
            *build_departures(run.dataset.source, build or {}),
        ],
        build_known=build is not None,
        passed_over=passed_over,
        predictions=predictions.digest,
        weakest=weakest_labels(
            counts,
            chosen,
            labels,
            scores,
            names=names,
            ids=predictions.ids,
            most=WEAKEST,
            least_images=LEAST_IMAGES,
            examples=EXAMPLES,
        ),
        doubts=doubts(
            scores,
            labels,
            predictions.unknown,
            names=names,
            ids=predictions.ids,
            most=MAX_DOUBTS,
        ),
        how_many=how_many,
        verdict=verdict,
        unknown=0 if predictions.unknown is None else int(predictions.unknown.sum()),
    )


def _confusions(predictions: Predictions, settings: EvaluationSettings) -> dict[str, np.ndarray]:
    """The quantity confusion of each regressor, over the images whose quantity is known, if there are any."""
    wanted = predictions.with_quantity
    if not wanted.any():
        return {}
    return {
        features: quantity_confusion(
            predictions.true_quantity[wanted],
            quantize(predictions.quantity[name][wanted], len(predictions.label_names), settings),
            max_quantity=MAX_QUANTITY,
        )
        for name, features in features_read(predictions).items()
    }


def _readings(run: Run, build: Mapping[str, Json] | None) -> list[ReadingInForce]:
    """The readings without those that the build of another data set, or an unknown build, decides."""
    values = in_force(run.config)
    if build is not None:
        values |= build_in_force(run.dataset.source, build)
    known = [
        replace(reading, keys=tuple(key for key in reading.keys if key.name in values))
        for reading in readings_in_force(values)
    ]
    return [reading for reading in known if reading.keys or not reading.reading.keys]


def _cases(row: Row, predictions: Predictions, chosen: np.ndarray) -> dict[str, list[Case]]:
    labels, ids = predictions.labels, predictions.ids
    scores = predictions.probabilities[row.scorer]
    order = ranking(chosen, labels, ids)
    return {
        kind: [case(ids[i], chosen[i], labels[i], scores[i], predictions.label_names) for i in places]
        for kind, places in choose(order, CASES).items()
    }
