"""Our rows beside the printed ones, with the reasons why a pair is not comparable."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from mmannot_tf.paper.contradictions import about
from mmannot_tf.paper.readings import departures
from mmannot_tf.paper.tables import DATASETS, PublishedDataset, beside, quantity_table, table

Scores = Mapping[str, float]

PAPER_BACKBONE = "resnet101"  # Sec. IV-A3
NEAR_ORACLE_TAGS = (
    "MS-COCO's tags are words of the image's own captions, written by people who name its objects: "
    "near-oracle side information, in the paper as here"
)


@dataclass(frozen=True)
class RunFacts:
    """What decides whether a run can be set beside the paper.

    Attributes:
        source: the data set, as `mmannot-records build` names it.
        split: the split evaluated.
        images: how many images of it were evaluated.
        backbone: model.backbone of the run.
        weights_origin: where the backbone's weights came from; "random" for none.
        readings: configuration key → value in force, from `readings.in_force`.
    """

    source: str
    split: str
    images: int
    backbone: str
    weights_origin: str
    readings: Mapping[str, Any]


def compare(evaluation: Mapping[str, Any], facts: RunFacts) -> dict[str, Any]:
    """Sets an evaluation beside Tables I and V or II and VI.

    Args:
        evaluation: what `mmannot_tf.evaluation.rows.evaluate` returned.
        facts: of the run it belongs to.

    Returns:
        A JSON document {"tables", "split", "images", "rows", "quantity", "notes"}. A row is {"method",
        "ours", "paper", "difference", "comparable", "reasons", "notes"}; one of "quantity" has "features"
        for "method" and no notes. "difference" is ours minus the paper's, None where either lacks the row;
        "comparable" is True where there are no "reasons" against it; "notes" are what else to know.
    """
    published = beside(facts.source)
    reasons = reasons_against(facts)
    return {
        "tables": [published.methods, published.quantities],
        "split": evaluation["split"],
        "images": evaluation["images"],
        "rows": [
            {**pair, "notes": list(about(published.methods, pair["method"]))}
            for pair in _pairs("method", evaluation["rows"], _printed_methods(published), reasons)
        ],
        "quantity": _pairs("features", evaluation["quantity"], _printed_quantities(published), reasons),
        "notes": [NEAR_ORACLE_TAGS] if facts.source == "mscoco" else [],
    }


def reasons_against(facts: RunFacts) -> list[str]:
    """Why a run's numbers cannot be set against the paper's digit by digit; empty where they can."""
    published = beside(facts.source)
    reasons = []
    if facts.source not in DATASETS:
        reasons.append(
            f"another data set: {facts.source}, where Table {published.methods} is {published.title}"
        )
    elif facts.images != published.test_images:
        reasons.append(f"{facts.images:,} images, where the paper's test split has {published.test_images:,}")
    if facts.split != "test":
        reasons.append(f"the {facts.split} split, where the paper's numbers are of its test split")
    if facts.backbone != PAPER_BACKBONE:
        reasons.append(f"backbone {facts.backbone}, where the paper has ResNet-101")
    if facts.weights_origin == "random":
        reasons.append("random weights to begin with, where the paper's are pretrained on ImageNet")
    return reasons + departures(facts.readings)


def _printed_methods(published: PublishedDataset) -> dict[str, dict[str, float]]:
    return {row.system: asdict(row.scores) for row in table(published.methods)}


def _printed_quantities(published: PublishedDataset) -> dict[str, dict[str, float]]:
    return {row.features: asdict(row.scores) for row in quantity_table(published.quantities)}


def _pairs(
    name: str, rows: Iterable[Mapping[str, Any]], printed: Mapping[str, Scores], reasons: list[str]
) -> list[dict[str, Any]]:
    """The printed rows in their order, ours beside them; then the rows only we have."""
    ours = {row[name]: {k: v for k, v in row.items() if isinstance(v, int | float)} for row in rows}
    return [
        {name: method, **_pair(ours.get(method), printed.get(method), reasons)}
        for method in dict.fromkeys([*printed, *ours])
    ]


def _pair(ours: Scores | None, paper: Scores | None, reasons: list[str]) -> dict[str, Any]:
    """One comparison; `reasons` are the run's, which matter only where both have the row."""
    if ours is None:
        reasons = ["this run has no such row: not all of its stages were trained"]
    elif paper is None:
        reasons = ["the paper prints no such row"]
    both = ours is not None and paper is not None
    return {
        "ours": ours,
        "paper": paper,
        "difference": {name: ours[name] - paper[name] for name in paper} if both else None,
        "comparable": not reasons,
        "reasons": list(reasons),
    }
