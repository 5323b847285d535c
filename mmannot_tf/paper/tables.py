"""The paper's printed tables (arXiv 1709.01220): I to IV, V and VI."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from mmannot_tf.evaluation.metrics import SYMBOLS, AnnotationScores
from mmannot_tf.evaluation.quantity import QuantityScores


@dataclass(frozen=True)
class PublishedRow:
    """A row of Tables I to IV as printed.

    Attributes:
        table: Roman number.
        dataset: the source it was measured on, "nus-wide" or "mscoco".
        system: the method's printed name.
        multi_modal: it reads tags besides pixels.
        quantity_prediction: it decides how many labels to give.
        scores: the seven printed numbers, percent.
    """

    table: str
    dataset: str
    system: str
    multi_modal: bool
    quantity_prediction: bool
    scores: AnnotationScores


@dataclass(frozen=True)
class PublishedQuantity:
    """A row of Table V or VI as printed.

    Attributes:
        table: Roman number.
        dataset: "nus-wide" or "mscoco".
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
        source: our name of the data set.
        title: the paper's.
        test_images: how many images its test split holds.
        methods: the table of the method's own variants.
        quantities: the table of its quantity predictions.
    """

    source: str
    title: str
    test_images: int
    methods: str
    quantities: str


DATASETS = {
    "nus-wide": PublishedDataset("nus-wide", "NUS-WIDE", 55_335, "I", "V"),
    "mscoco": PublishedDataset("mscoco", "MS-COCO", 30_774, "II", "VI"),
}


def beside(source: str) -> PublishedDataset:
    """The paper's data set to show a source beside: its own, or NUS-WIDE for a source the paper lacks."""
    return DATASETS.get(source, DATASETS["nus-wide"])


def table(number: str) -> tuple[PublishedRow, ...]:
    """The printed rows of Table I, II, III or IV, in their order."""
    return tuple(row for row in _rows() if row.table == number)


def quantity_table(number: str) -> tuple[PublishedQuantity, ...]:
    """The printed rows of Table V or VI, in their order."""
    return tuple(row for row in _quantities() if row.table == number)


@cache
def _rows() -> tuple[PublishedRow, ...]:
    return tuple(
        PublishedRow(
            table=line["table"],
            dataset=line["dataset"],
            system=line["system"],
            multi_modal=line["multi_modal"] == "yes",
            quantity_prediction=line["quantity_prediction"] == "yes",
            scores=AnnotationScores(**{name: float(line[symbol]) for name, symbol in SYMBOLS.items()}),
        )
        for line in _lines("tables.csv")
    )


@cache
def _quantities() -> tuple[PublishedQuantity, ...]:
    return tuple(
        PublishedQuantity(
            table=line["table"],
            dataset=line["dataset"],
            features=line["features"],
            scores=QuantityScores(accuracy=float(line["accuracy"]), mse=float(line["mse"])),
        )
        for line in _lines("lqp_tables.csv")
    )


def _lines(name: str) -> list[dict[str, str]]:
    text = (files("mmannot_tf.paper") / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
