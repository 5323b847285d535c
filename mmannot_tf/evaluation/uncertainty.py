"""Uncertainty of an evaluation's rows: intervals over test images, and paired tests of rows.

Only the test set is resampled. How a row varies with the training seed is another question, which several
runs answer.
"""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mmannot_tf.config.methods import COMPARED_SYSTEMS
from mmannot_tf.evaluation.metrics import (
    SYMBOLS,
    ImageAverage,
    NeverPredicted,
    image_ratios,
    scores_of_counts,
)
from mmannot_tf.evaluation.resampling import Resampling, weighted_sums
from mmannot_tf.evaluation.results import Bounds, RowPair

MEASURES = ("image_f1", "harmonic_f1")
"""The measures that pairs of rows are compared by."""

_FUSED = "MS-"
"""What the names of rows begin with that read fusion blocks."""
_READING_THE_SAME = ("MS-CNN+Tags+LQP", "MS-CNN+LQP", "MS-CNN+Tags", "MS-CNN")
"""Our rows that compared systems are paired with, in the order of the pairs."""

PAIRS = (
    ("MS-CNN", "CNN"),
    ("MS-CNN", "CNN, trained as long"),
    ("MS-CNN", "CNN, pooled scales"),
    ("MS-CNN+Tags", "MS-CNN"),
    ("MS-CNN+Tags", "Tags only"),
    ("MS-CNN+LQP", "MS-CNN"),
    ("MS-CNN+Tags+LQP", "MS-CNN+Tags"),
    ("Joint MS-CNN+Tags+LQP", "MS-CNN+Tags+LQP"),
    ("CNN+Tags", "CNN"),
    ("CNN+Tags", "Tags only"),
    ("CNN+LQP", "CNN"),
    ("CNN+Tags+LQP", "CNN+Tags"),
)
"""The paper's chain of improvements, each row with the one it improves on, and our controls."""

SYSTEM_PAIRS = tuple(
    (ours, system.title)
    for ours in _READING_THE_SAME
    for system in sorted(COMPARED_SYSTEMS, key=lambda system: (system.printed_row is None, system.title))
    if system.compared_with == ours
)
"""Of each compared system the row of ours that reads and decides what it does."""


LARGEST_BIAS = 0.25
"""In standard errors: a bootstrap with more bias is not to be relied on. The source is Efron and Tibshirani,
"An Introduction to the Bootstrap" (1993), Sec. 10.3."""


@dataclass(frozen=True)
class Measured:
    """What `Uncertainty` measured.

    Attributes:
        intervals: method → score → interval in percent.
        biased: method → the scores whose resamples lie more than `LARGEST_BIAS` standard errors beside the
            score on average, so that the interval may miss it. With few images C-P is one: a resample often
            lacks a class.
        pairs: the paired tests.
    """

    intervals: dict[str, dict[str, Bounds]]
    biased: dict[str, tuple[str, ...]]
    pairs: tuple[RowPair, ...]


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """Measures intervals and paired tests of rows that were scored on the same images.

    Attributes:
        labels: the ground truth, [N, C] bool.
        resampling: draws the test sets.
        never_predicted: the precision of a class that is never predicted [reading 21].
        image_average: how I-P and I-R are averaged [reading 23].
    """

    labels: np.ndarray
    resampling: Resampling
    never_predicted: NeverPredicted = "zero"
    image_average: ImageAverage = "sums"

    def of(
        self,
        chosen: Mapping[str, np.ndarray],
        pairs: Sequence[tuple[str, str]] | None = None,
        measures: Sequence[str] = MEASURES,
    ) -> "Measured":
        """Every row's intervals, and paired tests.

        Args:
            chosen: method → the labels it gave, [N, C] bool.
            pairs: the methods to test, the better one first; None for `PAIRS` and `SYSTEM_PAIRS`.
            measures: what the tests are of.
        """
        resampled = self._resampled(chosen)
        intervals = {method: self._intervals(scores) for method, scores in resampled.items()}
        pairs = _pairs(chosen) if pairs is None else pairs
        swaps = self.resampling.swaps(len(self.labels)) if pairs else np.empty(0, np.uint8)
        tests: list[RowPair] = []
        for a, b in pairs:
            p = self._randomization(chosen[a], chosen[b], swaps)
            difference = self._scores(chosen[a]) - self._scores(chosen[b])
            differences = resampled[a] - resampled[b]
            interval = self.resampling.interval(differences)
            tests += [
                pair
                for pair in _tests(a, b, difference, differences, interval, p)
                if pair.measure in measures
            ]
        biased = {
            method: _biased(scores, self._scores(chosen[method])) for method, scores in resampled.items()
        }
        return Measured(intervals, biased, tuple(tests))

    def _resampled(self, chosen: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Every method's scores on the same resamples, [draws, 7], so that their differences are paired."""
        counts = self.resampling.bootstrap(len(self.labels))
        true = weighted_sums(counts, self.labels)
        return {
            method: self._of_counts(weighted_sums(counts, self._contributions(labels)), true)
            for method, labels in chosen.items()
        }

    def _randomization(self, a: np.ndarray, b: np.ndarray, swaps: np.ndarray) -> np.ndarray:
        """The two-sided p of every measure under the null that the two rows are exchangeable on each image.

        Approximate randomization: each shuffle swaps the two outputs of random images and measures again.
        Unlike a t-test it needs no sum of independent terms, which F-measures are not. p = (1 + shuffles with
        at least the observed difference) / (1 + shuffles), so it is never 0; it is not corrected for the
        number of pairs. Noreen, "Computer-Intensive Methods for Testing Hypotheses" (1989); Yeh, "More
        accurate tests for the statistical significance of result differences" (COLING 2000).

        Returns:
            [7], in the order of `SYMBOLS`.
        """
        of_a, of_b = self._contributions(a), self._contributions(b)
        signed = np.result_type(of_a, np.int8)
        moved = weighted_sums(swaps, of_b.astype(signed) - of_a.astype(signed))
        true = self.labels.sum(axis=0, dtype=np.float64)
        swapped_a = self._of_counts(of_a.sum(axis=0) + moved, true)
        swapped_b = self._of_counts(of_b.sum(axis=0) - moved, true)
        observed = np.abs(self._scores(a) - self._scores(b))
        as_far = np.abs(swapped_a - swapped_b) >= observed - 1e-9  # equal up to rounding counts as equal
        return (1 + as_far.sum(axis=0)) / (1 + len(swaps))

    def _contributions(self, chosen: np.ndarray) -> np.ndarray:
        """What each image adds to each class's N^c and N^p, [N, 2C] bool.

        Where I-P and I-R are means of ratios, also what it adds to these: [N, 2C + 2] float64.
        """
        parts = [chosen & self.labels, chosen]
        if self.image_average == "ratios":
            parts.append(image_ratios(chosen, self.labels) / len(chosen))
        return np.concatenate(parts, axis=1)

    def _of_counts(self, sums: np.ndarray, true: np.ndarray) -> np.ndarray:
        classes = self.labels.shape[1]
        n_c, n_p, ratios = np.split(sums, [classes, 2 * classes], axis=-1)
        return scores_of_counts(
            n_c,
            n_p,
            np.broadcast_to(true, n_c.shape),
            never_predicted=self.never_predicted,
            of_images=ratios if self.image_average == "ratios" else None,
        )

    def _scores(self, chosen: np.ndarray) -> np.ndarray:
        return self._of_counts(self._contributions(chosen).sum(axis=0), self.labels.sum(axis=0))

    def _intervals(self, resampled: np.ndarray) -> dict[str, Bounds]:
        low, high = self.resampling.interval(resampled).tolist()
        return dict(zip(SYMBOLS, zip(low, high, strict=True), strict=True))


def _pairs(methods: Container[str]) -> list[tuple[str, str]]:
    """The pairs that have both rows. Without fusion blocks, systems are paired with the CNN's rows."""
    fused = "MS-CNN" in methods
    systems = [(ours if fused else ours.removeprefix(_FUSED), title) for ours, title in SYSTEM_PAIRS]
    return [(a, b) for a, b in (*PAIRS, *systems) if a in methods and b in methods]


def _biased(resampled: np.ndarray, scores: np.ndarray) -> tuple[str, ...]:
    """The scores whose bootstrap has too large a bias; see `Measured`."""
    bias, error = np.abs(resampled.mean(axis=0) - scores), resampled.std(axis=0, ddof=1)
    return tuple(
        name for name, is_large in zip(SYMBOLS, bias > LARGEST_BIAS * error, strict=True) if is_large
    )


def _tests(
    a: str,
    b: str,
    difference: np.ndarray,
    resampled: np.ndarray,
    interval: np.ndarray,
    p: np.ndarray,
) -> Iterator[RowPair]:
    """A test a measure, from arrays in the order of `SYMBOLS`: [7], [draws, 7], [2, 7] and [7]."""
    biased = _biased(resampled, difference)
    for place, measure in enumerate(SYMBOLS):
        low, high = interval[:, place].tolist()
        yield RowPair(
            a, b, measure, float(difference[place]), (low, high), float(p[place]), measure in biased
        )
