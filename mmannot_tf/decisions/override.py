"""What a caller changes about a fitted way, for one request."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from mmannot_tf.decisions.arrays import Array
from mmannot_tf.decisions.fitted import FittedWay
from mmannot_tf.decisions.parameter_ranges import check_order, real_number, weight_of_recall, whole_number
from mmannot_tf.decisions.way import Way
from tfrecords_tools.shell.errors import UserError

PAPER = "paper"
"""Another name of the paper's way."""
IMPLIED = {"k": "top_k", "threshold": "one_threshold"}
"""The only way that each of these parameters belongs to."""


@dataclass(frozen=True)
class Override:
    """A way to decide, and values of its parameters; None leaves what the model was exported with.

    Attributes:
        decision: the name of a way, or "paper". `k` and `threshold` alone name their ways.
        threshold: labels with a score above it are given; for `one_threshold`.
        k: labels of every image; for `top_k`.
        least: the least number of labels of an image, for every way.
        most: the largest number of labels of an image, for every way.
        beta: the weight of recall, for ways that maximise an expected F_β of each image.

    Raises:
        UserError: a value is out of its range, or belongs to another way than `decision`.
    """

    decision: str | None = None
    threshold: float | None = None
    k: int | None = None
    least: int | None = None
    most: int | None = None
    beta: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.decision, str | None):
            raise UserError(f"decision must be the name of a way. Received: {self.decision!r}.")
        for name in self.values.keys() - {"decision"}:
            object.__setattr__(self, name, _checked(name, getattr(self, name)))
        check_order(self.least, self.most)
        if self.k is not None and self.least is not None and self.least > self.k:
            raise UserError(f"k must not be below least. Received: {self.k}, and least {self.least}.")
        for name, way in IMPLIED.items():
            if getattr(self, name) is not None and self.way not in (None, way):
                raise UserError(f"{name} belongs to {way} alone. Received: {name} for {self.way}.")

    @property
    def way(self) -> str | None:
        """The name of the way; None for the one that decides by default."""
        if self.decision == PAPER:
            return "predicted_quantity"
        implied = (way for name, way in IMPLIED.items() if getattr(self, name) is not None)
        return self.decision or next(implied, None)

    def over(self, base: "Override") -> "Override":
        """These values, and where they say nothing those of another override.

        Bounds of the number of labels always carry over; other parameters do if the way stays the same. So
        `k` below the other's `least` gives that many labels, as `top_k` does.

        Raises:
            UserError: the values do not fit together.
        """
        self._check_bounds(base)
        keeps_way = self.way in (None, base.way)
        carried = {
            name: value for name, value in base.values.items() if keeps_way or name in ("least", "most")
        }
        values = {**carried, **self.values}
        if self.k is not None and self.least is None:
            values["k"] = max(self.k, base.least or 0)
        return Override(**values)

    def _check_bounds(self, base: "Override") -> None:
        """Checks the bounds with those of the other, which the caller has not given."""
        least = base.least if self.least is None else None
        most = base.most if self.most is None else None
        if least is not None and self.most is not None and self.most < least:
            raise UserError(f"most must not be below least, {least} here. Received: {self.most}.")
        if most is not None and self.least is not None and self.least > most:
            raise UserError(f"least must not be above most, {most} here. Received: {self.least}.")

    @property
    def values(self) -> dict[str, Any]:
        """What is set, by name."""
        return {name: value for name, value in vars(self).items() if value is not None}


def _checked(name: str, value: object) -> float:
    """A value as a number within its range."""
    if name == "beta":
        return weight_of_recall(value)
    if name == "threshold":
        return real_number(name, value, 0.0, 1.0, "a probability, from 0 to 1")
    return whole_number(name, value)


UNCHANGED = Override()


def overridden(fitted: FittedWay, values: Mapping[str, Array]) -> FittedWay:
    """A fitted way with other values of its parameters, also as tensors; values that it lacks are ignored."""
    own = {name: values[name] for name in parameters_of(fitted.way) if name in values}
    bounds = {name: values[name] for name in ("least", "most") if name in values}
    return replace(fitted, way=replace(fitted.way, **own), **bounds)


def parameters_of(way: Way) -> tuple[str, ...]:
    """The parameters of a way that a request can set."""
    return tuple(each.name for each in fields(way) if each.name in Override.__dataclass_fields__)
