"""How many labels per image a test set has, computed from the printed rows of a fixed k.

Every image is given k labels, so I-P = correct / (k N) and I-R = correct / (labels of all N images):

    labels per image = k I-P / I-R

Rows measured on one test set must agree in it to the last digit.
"""

from mmannot_tf.config.settings import EvaluationSettings
from mmannot_tf.paper.intervals import Interval, majority, quotient
from mmannot_tf.paper.tables import DATASETS, PublishedRow, table

K = EvaluationSettings().k
"""Of the rows without quantity prediction [15]."""

CUT_AT_K = ("SINN",)
"""Printed as predicting quantities, but their own studies cut the ranking at k = 3."""


def has_fixed_k(row: PublishedRow) -> bool:
    """True where every image was given k labels."""
    return not row.quantity_prediction or row.system in CUT_AT_K


def labels_per_image(row: PublishedRow) -> Interval:
    """The mean number of true labels of the images a row of fixed k was measured on."""
    ratio = quotient(row.interval("image_precision"), row.interval("image_recall"))
    return Interval(K * ratio.low, K * ratio.high)


def own_labels_per_image(dataset: str) -> Interval:
    """Labels per image of the paper's own test set: what most of its rows of fixed k agree on.

    Args:
        dataset: "nus_wide" or "mscoco".
    """
    return majority([labels_per_image(row) for row in own_rows(dataset)])


def own_rows(dataset: str) -> list[PublishedRow]:
    """The paper's own rows of fixed k: those of Table I or II."""
    return [row for row in table(DATASETS[dataset].methods) if has_fixed_k(row)]
