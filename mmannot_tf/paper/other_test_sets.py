"""Which printed rows of fixed k were measured on other test sets than the paper's, by labels per image."""

from collections.abc import Iterable
from dataclasses import dataclass

from mmannot_tf.evaluation.document import document
from mmannot_tf.paper.intervals import Interval, hull
from mmannot_tf.paper.labels_per_image import has_fixed_k, labels_per_image, own_labels_per_image
from mmannot_tf.paper.splits import PublishedSplit, split_of
from mmannot_tf.paper.tables import ANNOTATION_TABLES, DATASETS, PublishedRow, table
from tfrecords_tools.shell.files import Json


@dataclass(frozen=True)
class MeasuredRow:
    """Labels per image of the test set that a row of fixed k was measured on."""

    row: PublishedRow
    labels: Interval

    def is_of_the_papers_test_set(self) -> bool:
        """True where it is the paper's own, to the last digit."""
        return self.labels.meets(own_labels_per_image(self.row.dataset))

    def as_json(self) -> dict[str, Json]:
        """The row as a JSON object."""
        return {
            "table": self.row.table,
            "system": self.row.system,
            "labels_per_image": document(self.labels.rounded()),
            "papers": document(own_labels_per_image(self.row.dataset).rounded()),
            "meets": self.is_of_the_papers_test_set(),
        }


@dataclass(frozen=True)
class OtherTestSet:
    """Rows of one data set that were measured on another test set than the paper's.

    Attributes:
        dataset: "nus_wide" or "mscoco".
        split: the split their studies use; None where it is not known.
        rows: the rows.
    """

    dataset: str
    split: PublishedSplit | None
    rows: tuple[MeasuredRow, ...]

    @property
    def labels(self) -> Interval:
        """From the smallest to the largest that a row implies."""
        return hull([measured.labels for measured in self.rows])

    @property
    def fits(self) -> bool | None:
        """Whether every row has the split's labels per image; None where those cannot be counted."""
        if self.split is None or self.split.labels is None:
            return None
        return all(measured.labels.meets(self.split.labels) for measured in self.rows)

    def as_json(self) -> dict[str, Json]:
        """The test set as a JSON object."""
        return {
            "dataset": self.dataset,
            "split": {"train": self.split.train, "test": self.split.test} if self.split else None,
            "fits": self.fits,
            "evidence": self.split.evidence
            if self.split
            else "no split that is known here is their studies'",
            "labels_per_image": document(self.labels.rounded()),
            "papers": document(own_labels_per_image(self.dataset).rounded()),
            "rows": [f"{measured.row.table} {measured.row.system}" for measured in self.rows],
        }


def measured_rows(numbers: Iterable[str] = ANNOTATION_TABLES) -> tuple[MeasuredRow, ...]:
    """Labels per image of every row of fixed k, by table and row."""
    rows = (row for number in numbers for row in table(number) if has_fixed_k(row))
    return tuple(MeasuredRow(row, labels_per_image(row)) for row in rows)


def other_test_sets(numbers: Iterable[str] = ANNOTATION_TABLES) -> tuple[OtherTestSet, ...]:
    """The rows of other methods that were measured on other test sets, by data set and split.

    The paper's own rows are of its own test set; one that does not meet the others there is a slip.
    """
    groups: dict[tuple[str, PublishedSplit | None], list[MeasuredRow]] = {}
    for measured in measured_rows(numbers):
        row = measured.row
        if row.table != DATASETS[row.dataset].methods and not measured.is_of_the_papers_test_set():
            groups.setdefault((row.dataset, split_of(row.dataset, row.system)), []).append(measured)
    return tuple(OtherTestSet(*key, tuple(rows)) for key, rows in groups.items())
