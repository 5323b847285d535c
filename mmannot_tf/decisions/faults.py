"""What is wrong with a fitted way that was read from a file: numbers that no fit can have made."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass

import numpy as np

from mmannot_tf.decisions.calibration import Calibration, Isotonic, Sigmoid
from mmannot_tf.decisions.label_thresholds import LabelThresholds
from mmannot_tf.decisions.parameter_ranges import check_order, weight_of_recall, whole_number
from mmannot_tf.decisions.posterior import QuantityPosterior
from mmannot_tf.decisions.proportional_odds import MOST, ProportionalOdds
from mmannot_tf.decisions.way import Way
from tfrecords_tools.shell.errors import UserError


def faults(way: Way, calibration: Calibration, classes: int, labels: Sequence[str] | None) -> Iterator[str]:
    """What is wrong with a fitted way, a phrase each.

    Args:
        way: with its parameters.
        calibration: with its parameters.
        classes: C.
        labels: the names of the labels; None where they are not known.
    """
    if classes < 1:
        yield f"classes: {classes}"
    if labels is not None and len(labels) != classes:
        yield f"labels: {len(labels)} names of {classes}"
    for value in (way, calibration, getattr(way, "posterior", None)):
        yield from _not_finite(value)
    yield from _of_parameters(way)
    yield from _of_way(way, classes)
    yield from _of_calibration(calibration, classes)


def faults_of_bounds(least: int | None, most: int | None) -> Iterator[str]:
    """What is wrong with the bounds of the number of labels; None is no bound."""
    try:
        for name, value in (("least", least), ("most", most)):
            if value is not None:
                whole_number(name, value)
        check_order(least, most)
    except UserError as error:
        yield str(error).rstrip(".")


def _of_parameters(way: Way) -> Iterator[str]:
    yield from faults_of_bounds(getattr(way, "least", None), getattr(way, "most", None))
    try:
        if hasattr(way, "k"):
            whole_number("k", way.k)
        if hasattr(way, "beta"):
            weight_of_recall(way.beta)
    except UserError as error:
        yield str(error).rstrip(".")


def _of_way(way: Way, classes: int) -> Iterator[str]:
    if isinstance(way, LabelThresholds) and len(way.thresholds) != classes:
        yield f"thresholds: {len(way.thresholds)} of {classes}"
    if isinstance(way, ProportionalOdds) and not 1 <= len(way.cuts) < MOST:
        yield f"cuts: {len(way.cuts)}"
    if isinstance(way, ProportionalOdds) and not _is_rising(way.cuts):
        yield "cuts that do not rise"
    posterior = getattr(way, "posterior", None)
    if isinstance(posterior, QuantityPosterior) and posterior.variance <= 0:
        yield f"variance: {posterior.variance:g}"


def _of_calibration(calibration: Calibration, classes: int) -> Iterator[str]:
    if isinstance(calibration, Sigmoid):
        for name in ("slope", "intercept"):
            count = len(getattr(calibration, name))
            if count not in (1, classes):
                yield f"{name}: {count} of {classes}"
    if isinstance(calibration, Isotonic):
        knots, values = calibration.scores, calibration.probabilities
        if not knots or len(knots) != len(values):
            yield f"knots: {len(knots)} scores and {len(values)} probabilities"
        if not (_is_rising(knots) and _is_rising(values) and all(0 <= value <= 1 for value in values)):
            yield "knots that do not rise"


def _not_finite(value: object) -> Iterator[str]:
    """The fields of a dataclass that hold a number which is NaN or infinite."""
    if not is_dataclass(value):
        return
    for field in fields(value):
        held = getattr(value, field.name)
        numbers = held if isinstance(held, tuple) else (held,)
        if not all(math.isfinite(number) for number in numbers if isinstance(number, float)):
            yield f"{field.name}: a number that is not finite"


def _is_rising(values: Sequence[float]) -> bool:
    return bool((np.diff(values) >= 0).all())
