"""What an evaluation says in short: how good labels are, against what is simpler, and how sure that is."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from mmannot_tf.config.settings import EvaluationSettings
from mmannot_tf.decisions.selection import top_k
from mmannot_tf.evaluation.metrics import AnnotationScores, annotation_scores
from mmannot_tf.evaluation.predictions import Predictions
from mmannot_tf.evaluation.resampling import Resampling
from mmannot_tf.evaluation.results import Bounds, RowPair
from mmannot_tf.evaluation.row_catalogue import row_of
from mmannot_tf.evaluation.rows import annotating_row, chosen_threshold, select
from mmannot_tf.evaluation.uncertainty import Uncertainty
from tfrecords_tools.shell.counted import counted

MEASURE = "image_f1"
TAGS = "tag_encoder"
FEW = 2.0
"""Ours: an interval that reaches further from the score than so many points comes from few images."""
LEAST_IMAGES = 30
"""Ours: resamples of fewer images hardly differ, so that intervals are too narrow."""


@dataclass(frozen=True)
class Verdict:
    """An annotator in short.

    Attributes:
        method: the row that annotates.
        images: how many were scored.
        precision: the share of right ones among the labels given, percent.
        recall: the share of the labels there are that were given, percent.
        f1: of both, I-F1.
        interval: of `f1`.
        simpler: what a simpler annotator's I-F1 is, by its name.
        tests: the paired tests against these.
    """

    method: str
    images: int
    precision: float
    recall: float
    f1: float
    interval: Bounds
    simpler: Mapping[str, float]
    tests: tuple[RowPair, ...]

    @property
    def reach(self) -> float:
        """How far the interval reaches from the score, in points."""
        low, high = self.interval
        return max(self.f1 - low, high - self.f1)

    @property
    def sentences(self) -> tuple[str, ...]:
        """The verdict in words."""
        low, high = self.interval
        return (
            f"{self.method} finds {self.recall:.0f} % of the labels of {counted(self.images, 'image')}, and "
            f"{self.precision:.0f} % of those that it gives are right: F1 {self.f1:.1f} (95 % interval "
            f"{low:.1f} to {high:.1f}).",
            *self._against(),
            self._sure(),
        )

    def _against(self) -> Iterator[str]:
        for test in self.tests:
            low, high = test.interval
            yield (
                f"That is {_relation(test.difference)} {test.b}, which have "
                f"{self.simpler[test.b]:.1f}: {test.noise} (difference {low:+.1f} to {high:+.1f}, "
                f"p = {test.p:.3f})."
            )

    def _sure(self) -> str:
        if self.images < LEAST_IMAGES:
            return (
                f"There are too few images to tell, {self.images:,}: intervals of fewer than {LEAST_IMAGES} "
                "are too narrow."
            )
        if self.reach <= FEW:
            return f"There are enough images: with others F1 would hardly be more than {self.reach:.1f} away."
        needed = self.images * (self.reach / FEW) ** 2
        rounded = max(100, round(needed, -2))
        return (
            f"There are few images: with others F1 could be {self.reach:.1f} away. With about "
            f"{rounded:,.0f} it would be {FEW:.0f}."
        )


def _relation(difference: float) -> str:
    shown = f"{abs(difference):.1f}"
    if shown == "0.0":
        return "as much as"
    return f"{shown} {'above' if difference > 0 else 'below'}"


def verdict(
    predictions: Predictions,
    settings: EvaluationSettings,
    *,
    resampling: Resampling,
    chosen_on: Predictions | None = None,
) -> Verdict:
    """Compares the row that annotates with the labels that are most frequent, and with the tags alone.

    Both get every chance: how many of the most frequent labels, and above which threshold the tags' labels
    are given, is what has the highest I-F1 on other images.

    Args:
        predictions: of one split.
        settings: of the run, with `untagged` decided.
        resampling: how the interval and the tests are made.
        chosen_on: predictions of another split; None for k labels in the place of both.
    """
    row = annotating_row(predictions, settings)
    simpler = dict(_simpler(predictions, settings, chosen_on))
    chosen = {row.method: select(row, predictions, settings), **simpler}
    uncertainty = Uncertainty(
        predictions.labels, resampling, settings.never_predicted, settings.image_average
    )
    measured = uncertainty.of(chosen, [(row.method, name) for name in simpler], (MEASURE,))
    scores = {name: _scores(labels, predictions, settings) for name, labels in chosen.items()}
    own = scores[row.method]
    return Verdict(
        method=row.method,
        images=len(predictions.ids),
        precision=own.image_precision,
        recall=own.image_recall,
        f1=own.image_f1,
        interval=measured.intervals[row.method][MEASURE],
        simpler={name: scores[name].image_f1 for name in simpler},
        tests=measured.pairs,
    )


def _simpler(
    predictions: Predictions, settings: EvaluationSettings, chosen_on: Predictions | None
) -> Iterator[tuple[str, np.ndarray]]:
    """The names of simpler annotators and the labels that they give, [N, C] bool."""
    if predictions.label_frequencies is not None:
        ranking = predictions.label_frequencies[np.newaxis]
        k = settings.k if chosen_on is None else _best_number(ranking, chosen_on, settings)
        chosen = np.broadcast_to(top_k(ranking, k), predictions.labels.shape)
        yield f"the same labels for every image (the most frequent {k})", predictions.scored(chosen)
    if TAGS not in predictions.probabilities:
        return
    tags = row_of(TAGS)
    if chosen_on is not None and TAGS in chosen_on.probabilities:
        tags = replace(tags, selection="threshold", threshold=chosen_threshold(tags, chosen_on))
    yield "the tags alone", select(tags, predictions, settings)


def _best_number(ranking: np.ndarray, chosen_on: Predictions, settings: EvaluationSettings) -> int:
    """The number of labels with the highest I-F1, where all images get the same ones."""
    numbers = range(1, ranking.shape[1] + 1)
    same = {k: np.broadcast_to(top_k(ranking, k), chosen_on.labels.shape) for k in numbers}
    return max(numbers, key=lambda k: _scores(chosen_on.scored(same[k]), chosen_on, settings).image_f1)


def _scores(chosen: np.ndarray, predictions: Predictions, settings: EvaluationSettings) -> AnnotationScores:
    return annotation_scores(
        chosen,
        predictions.labels,
        never_predicted=settings.never_predicted,
        image_average=settings.image_average,
    )
