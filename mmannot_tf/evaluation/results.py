"""What an evaluation measured, as frozen values; `document` turns them into scores.json."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal

from mmannot_tf.evaluation.document import INLINE, OPTIONAL
from mmannot_tf.evaluation.metrics import AnnotationScores
from mmannot_tf.evaluation.quantity import QuantityScores
from mmannot_tf.evaluation.resampling import Resampling
from tfrecords_tools.shell.files import Json

Selection = Literal["true_quantity", "predicted_quantity", "top_k", "threshold", "decoded"]
Source = Literal["paper", "ours", "compared", "later"]
Bounds = tuple[float, float]
"""The low and the high end of an interval."""
SIGNIFICANT = 0.05
"""A difference with a lower p is beyond noise."""


@dataclass(frozen=True)
class ScoredRow:
    """A row of Tables I to IV as measured.

    Attributes:
        method: its name in the table.
        source: as `mmannot_tf.evaluation.row_catalogue.Row` has it.
        selection: how its labels are selected.
        scores: in percent.
        mean_average_precision: in percent; of rows by threshold only.
        threshold: of rows by threshold: labels with a score above it are given.
        intervals: score → its interval in percent; empty without resampling.
        biased: the scores whose interval is not to be relied on, because the resamples are biased; None
            without resampling.
    """

    method: str
    source: Source
    selection: Selection
    scores: AnnotationScores = field(metadata=INLINE)
    mean_average_precision: float | None = field(default=None, metadata=OPTIONAL)
    threshold: float | None = field(default=None, metadata=OPTIONAL)
    intervals: Mapping[str, Bounds] = field(default_factory=dict, metadata=OPTIONAL)
    biased: tuple[str, ...] | None = field(default=None, metadata=OPTIONAL)

    @property
    def measures(self) -> dict[str, float]:
        """All its numbers by name: the seven scores, then the mean average precision if it has one."""
        scores = asdict(self.scores)
        if self.mean_average_precision is not None:
            scores["mean_average_precision"] = self.mean_average_precision
        return scores


@dataclass(frozen=True)
class QuantityRow:
    """A row of Tables V and VI as measured.

    Attributes:
        features: what the regressor reads.
        source: "paper", or "ours" for the joint stage.
        scores: accuracy in percent, and MSE.
    """

    features: str
    source: Source
    scores: QuantityScores = field(metadata=INLINE)

    @property
    def measures(self) -> dict[str, float]:
        """Its numbers by name."""
        return asdict(self.scores)


@dataclass(frozen=True)
class RowPair:
    """The paired test of two rows by one measure.

    Attributes:
        a: the method of the first row.
        b: the method of the second row.
        measure: "image_f1" or "harmonic_f1".
        difference: a's score minus b's, percentage points.
        interval: of the difference.
        p: of the paired randomization test, two-sided.
        biased: whether the interval is not to be relied on; see `ScoredRow`.
    """

    a: str
    b: str
    measure: str
    difference: float
    interval: Bounds
    p: float
    biased: bool

    @property
    def noise(self) -> str:
        """Whether the difference is beyond noise, in words; open where its resamples are biased."""
        if self.biased:
            return "uncertain, for the resamples are biased"
        return "beyond noise" if self.p < SIGNIFICANT else "within noise"


@dataclass(frozen=True)
class PairedTests:
    """The paired tests of an evaluation, and how its test images were resampled."""

    pairs: tuple[RowPair, ...]
    resampling: Resampling


@dataclass(frozen=True)
class RowUncertainty:
    """How sure an evaluation's rows are: rows with intervals, and paired tests of rows."""

    rows: tuple[ScoredRow, ...]
    tests: PairedTests = field(metadata=INLINE)


@dataclass(frozen=True)
class TagGroup:
    """The rows over those images of a split that have so many tags of the vocabulary.

    Attributes:
        known_tags: how many, in words: "0", "1 or 2", "3 to 5" or "6 or more".
        images: how many images.
        rows: as of the whole split, without intervals.
    """

    known_tags: str
    images: int
    rows: tuple[ScoredRow, ...]


@dataclass(frozen=True)
class Evaluation:
    """One run's rows on one split.

    Attributes:
        split: the split's name.
        images: how many images it has.
        classes: C.
        classes_present: how many classes have a true label in the split; C-R is a mean over them.
        rows: of Tables I to IV.
        quantity: of Tables V and VI.
        readings: configuration key → value in force, of the keys that decide a reading of the paper.
        tests: None without resampling; then no row has intervals either.
        by_known_tags: the rows by the images' number of known tags; None where it is not known.
        unknown: how many pairs of an image and a label are left out, for nothing is known of them; None where
            all are known.
    """

    split: str
    images: int
    classes: int
    classes_present: int
    rows: tuple[ScoredRow, ...]
    quantity: tuple[QuantityRow, ...]
    readings: Mapping[str, Json]
    tests: PairedTests | None = field(default=None, metadata=INLINE)
    by_known_tags: tuple[TagGroup, ...] | None = field(default=None, metadata=OPTIONAL)
    unknown: int | None = field(default=None, metadata=OPTIONAL)

    @property
    def uncertainty(self) -> RowUncertainty | None:
        """The rows' intervals and tests; None without resampling."""
        return None if self.tests is None else RowUncertainty(self.rows, self.tests)
