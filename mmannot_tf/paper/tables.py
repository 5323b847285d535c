"""The paper's printed tables (arXiv 1709.01220): I to IV, V and VI."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import Literal

from mmannot_tf.evaluation.metrics import SYMBOLS, AnnotationScores
from mmannot_tf.evaluation.quantity import QuantityScores
from mmannot_tf.paper.intervals import Interval, of_print
from tfrecords_tools.shell.files import Json

ANNOTATION_TABLES = ("I", "II", "III", "IV")
QUANTITY_TABLES = ("V", "VI")
_SOURCES = {"nus-wide": "nus_wide", "mscoco": "mscoco"}


@dataclass(frozen=True)
class PublishedRow:
    """A row of Tables I to IV as printed.

    Attributes:
        table: Roman number.
        dataset: the source it was measured on, "nus_wide" or "mscoco".
        system: the method's printed name.
        multi_modal: it reads tags besides pixels.
        quantity_prediction: it decides how many labels to give.
        scores: the seven printed numbers, percent.
        printed: score → its digits as printed, "61.40".
    """

    table: str
    dataset: str
    system: str
    multi_modal: bool
    quantity_prediction: bool
    scores: AnnotationScores
    printed: Mapping[str, str] = field(hash=False)

    def interval(self, score: str) -> Interval:
        """What the score can have been before it was rounded, percent."""
        text = self.printed[score]
        return of_print(text, _decimals(text) if score == "harmonic_f1" else self.decimals)

    @property
    def decimals(self) -> int:
        """To how many decimals the row is known.

        The paper pads with zeros: a row that needs only one decimal anywhere was copied from a source that
        gave one (CNN-RNN; all of Table IV's baselines but RIA and SR-CNN-RNN). H-F1 is no source's: the
        paper computed it from the padded F1s, so it has the decimals it shows.
        """
        return max(
            _decimals(text.rstrip("0")) for name, text in self.printed.items() if name != "harmonic_f1"
        )

    def corrected(self, score: str, text: str) -> "PublishedRow":
        """The row with other digits for one score."""
        printed = {**self.printed, score: text}
        return replace(self, scores=_scores(printed), printed=printed)


@dataclass(frozen=True)
class PublishedQuantity:
    """A row of Table V or VI as printed.

    Attributes:
        table: Roman number.
        dataset: "nus_wide" or "mscoco".
        features: what the regressor reads, "MS-CNN" or "MS-CNN+Tags".
        scores: accuracy in percent, and MSE.
    """

    table: str
    dataset: str
    features: str
    scores: QuantityScores


@dataclass(frozen=True)
class PublishedDataset:
    """What the paper measured its own rows on (Sec. IV-A1).

    Attributes:
        source: the data set, as records name it.
        title: the paper's.
        test_images: how many images its test split holds.
        methods: the table of the method's own variants.
        quantities: the table of its quantity predictions.
        systems: the table of the compared systems.
    """

    source: str
    title: str
    test_images: int
    methods: str
    quantities: str
    systems: Literal["III", "IV"]


DATASETS = {
    "nus_wide": PublishedDataset("nus_wide", "NUS-WIDE", 55_335, "I", "V", "III"),
    "mscoco": PublishedDataset("mscoco", "MS-COCO", 30_774, "II", "VI", "IV"),
}


def paper_tables_for(source: str) -> PublishedDataset:
    """The paper's data set to compare a source with: its own, or NUS-WIDE for a source the paper lacks."""
    return DATASETS.get(source, DATASETS["nus_wide"])


def table(number: str) -> tuple[PublishedRow, ...]:
    """The printed rows of Table I, II, III or IV, in their order."""
    return tuple(row for row in _rows() if row.table == number)


def quantity_table(number: str) -> tuple[PublishedQuantity, ...]:
    """The printed rows of Table V or VI, in their order."""
    return tuple(row for row in _quantities() if row.table == number)


def tables_as_json(numbers: Iterable[str]) -> Json:
    """Roman number → its rows, keyed by the heads as printed; scores in percent, MSE in labels squared."""
    return {number: [*_annotation_rows(number), *_quantity_rows(number)] for number in numbers}


def _annotation_rows(number: str) -> list[Json]:
    return [
        {
            "system": row.system,
            "multi_modal": row.multi_modal,
            "quantity_prediction": row.quantity_prediction,
            **{symbol: getattr(row.scores, score) for score, symbol in SYMBOLS.items()},
        }
        for row in (table(number) if number in ANNOTATION_TABLES else ())
    ]


def _quantity_rows(number: str) -> list[Json]:
    return [
        {"features": row.features, "accuracy": row.scores.accuracy, "mse": row.scores.mse}
        for row in quantity_table(number)
    ]


@cache
def _rows() -> tuple[PublishedRow, ...]:
    return tuple(map(_row, _lines("tables.csv")))


def _row(line: Mapping[str, str]) -> PublishedRow:
    printed = {name: line[symbol] for name, symbol in SYMBOLS.items()}
    return PublishedRow(
        table=line["table"],
        dataset=_SOURCES[line["dataset"]],
        system=line["system"],
        multi_modal=line["multi_modal"] == "yes",
        quantity_prediction=line["quantity_prediction"] == "yes",
        scores=_scores(printed),
        printed=printed,
    )


def _scores(printed: Mapping[str, str]) -> AnnotationScores:
    return AnnotationScores(**{name: float(text) for name, text in printed.items()})


def _decimals(text: str) -> int:
    return len(text.partition(".")[2])


@cache
def _quantities() -> tuple[PublishedQuantity, ...]:
    return tuple(
        PublishedQuantity(
            table=line["table"],
            dataset=_SOURCES[line["dataset"]],
            features=line["features"],
            scores=QuantityScores(accuracy=float(line["accuracy"]), mse=float(line["mse"])),
        )
        for line in _lines("lqp_tables.csv")
    )


def _lines(name: str) -> list[dict[str, str]]:
    text = (files("mmannot_tf.paper") / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
