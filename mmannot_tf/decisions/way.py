"""What every way to decide has in common."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import ModuleType
from typing import Any, ClassVar, Literal, Self, get_args

import numpy as np

from mmannot_tf.decisions.arrays import Array, best
from mmannot_tf.decisions.parameter_ranges import check_order, weight_of_recall, whole_number
from mmannot_tf.decisions.unknown_labels import known_pairs, without_unknown
from tfrecords_tools.shell.errors import UserError, one_line

LEAST_COUNTED = 10
"""Ours: the fewest images whose quantity is known that a way is fitted on, where others' is not."""

Need = Literal["quantity", "true_quantity", "validation", "probabilities"]
"""What a way needs beside scores: a predicted quantity; the true one; images with known labels to be fitted
on; scores that are calibrated probabilities."""
Rounding = Literal["nearest", "down", "up"]
"""How a predicted quantity becomes a whole number; "nearest" takes halves up."""


@dataclass(frozen=True, eq=False)
class Scores:
    """What labels are selected from.

    Attributes:
        probabilities: [N, C] float, an array or lists; for ways that do not need probabilities, scores on any
            scale.
        quantity: m̂, as a regressor predicts it, [N] float; None where there is none.
        true_quantity: m, [N] int; None where it is not known.
        unknown: labels of which nothing is known, [N, C] bool; fits leave them out. None where all are known.

    Raises:
        UserError: `probabilities` has another number of dimensions, or there is not one quantity an image.
    """

    probabilities: Array
    quantity: Array | None = None
    true_quantity: Array | None = None
    unknown: np.ndarray | None = None

    def __post_init__(self) -> None:
        for name in ("probabilities", "quantity", "true_quantity"):
            values = getattr(self, name)
            if isinstance(values, list | tuple):  # as users write them
                object.__setattr__(self, name, _as_array(name, values))
        if len(self.probabilities.shape) != 2:
            raise UserError(
                "scores must be [N, C], a row an image, a column a label. Received: "
                f"{list(self.probabilities.shape)}."
            )
        for name in ("quantity", "true_quantity"):
            values = getattr(self, name)
            if isinstance(values, np.ndarray):
                self._check_one_an_image(name, values.shape)

    def _check_one_an_image(self, name: str, shape: tuple[int, ...]) -> None:
        images = self.probabilities.shape[0]
        if len(shape) != 1 or (images is not None and shape[0] != images):
            raise UserError(
                f"{name} must be [N], a number for each of {images} images. Received: {list(shape)}."
            )

    @property
    def known(self) -> np.ndarray | slice:
        """An index of the known pairs of an image and a label in arrays [N, C]: of all, if all are known."""
        return known_pairs(self.unknown)

    @property
    def with_quantity(self) -> np.ndarray | slice:
        """An index of the images whose labels are all known, in arrays [N, …]."""
        return slice(None) if self.unknown is None else np.asarray(~self.unknown.any(axis=1))

    def scored(self, selected: np.ndarray) -> np.ndarray:
        """Selected labels, [N, C] bool, without those of which nothing is known."""
        return without_unknown(selected, self.unknown)


def _as_array(name: str, values: list[Any] | tuple[Any, ...]) -> np.ndarray:
    """Lists of numbers as float32, true quantities as whole numbers.

    Raises:
        UserError: they are no numbers, or not of one length.
    """
    try:
        return np.asarray(values, np.int32 if name == "true_quantity" else np.float32)
    except (TypeError, ValueError) as error:
        raise UserError(
            f"{name} must be numbers in rows of one length. Received: {one_line(error)}."
        ) from None


@dataclass(frozen=True)
class Options:
    """What a user can demand of an answer.

    Attributes:
        k: labels of every image, for top-k.
        least: the least number of labels of an image; thresholds ignore it.
        most: the largest number of labels of an image; None for no bound.
        beta: F_β is maximised; β > 1 favours recall, β < 1 precision.
        rounding: of a predicted quantity: "nearest" (halves up), "down" or "up".

    Raises:
        UserError: a value is out of its range, or `most` is less than `least`.
    """

    k: int = 3
    least: int = 1
    most: int | None = None
    beta: float = 1.0
    rounding: Rounding = "nearest"

    def __post_init__(self) -> None:
        for name in ("k", "least", "most"):
            if name != "most" or self.most is not None:
                object.__setattr__(self, name, whole_number(name, getattr(self, name)))
        object.__setattr__(self, "beta", weight_of_recall(self.beta))
        if self.rounding not in get_args(Rounding):
            raise UserError(f"rounding must be {', '.join(get_args(Rounding))}. Received: {self.rounding!r}.")
        check_order(self.least, self.most)


@dataclass(frozen=True)
class Way(ABC):
    """A way to decide how many labels an image gets, and which; its fields are what was fitted.

    A subclass is a frozen dataclass in a file of its own, and one line of `catalogue.WAYS`.

    Attributes:
        name: in files and options.
        title: in tables.
        source: where it comes from.
        needs: what it needs beside scores.
        estimates_quantity: whether it says how many labels an image has, as the paper's regressor does.
        weighs_recall: whether β changes it.
        counts_labels: whether it is fitted on how many labels images have: on those whose labels are all
            known.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    source: ClassVar[str]
    needs: ClassVar[frozenset[Need]] = frozenset()
    estimates_quantity: ClassVar[bool] = False
    weighs_recall: ClassVar[bool] = False
    counts_labels: ClassVar[bool] = False

    @classmethod
    def can_be_fitted(cls, scores: Scores) -> bool:
        """Whether scores have the quantities that it reads, and enough images with those it is fitted on."""
        if "quantity" in cls.needs and scores.quantity is None:
            return False
        if not cls.counts_labels or scores.unknown is None:
            return True
        return len(scores.unknown[scores.with_quantity]) >= LEAST_COUNTED

    @classmethod
    @abstractmethod
    def fit(cls, scores: Scores, labels: np.ndarray, options: Options) -> Self:
        """The way with its parameters.

        Args:
            scores: of the images that it is fitted on.
            labels: their ground truth, [N, C] bool.
            options: what the user demands.
        """

    @abstractmethod
    def select(self, scores: Scores, xp: ModuleType = np) -> Array:
        """The labels of each image, [N, C] bool.

        Args:
            scores: numpy arrays, or tensors.
            xp: numpy, or keras.ops to make it a part of a graph.
        """

    def estimate(self, scores: Scores, xp: ModuleType = np) -> Array:
        """The estimate of each image's quantity: here how many labels are selected, [N]."""
        return xp.count_nonzero(self.select(scores, xp), axis=-1)


@dataclass(frozen=True)
class QuantityWay(Way):
    """A way that gives every image its best labels, as many as it decides."""

    @abstractmethod
    def quantity(self, scores: Scores, xp: ModuleType = np) -> Array:
        """How many labels each image gets, [N] int; more than C gives all."""

    def estimate(self, scores: Scores, xp: ModuleType = np) -> Array:
        """The estimate of the quantity before it is a whole number, [N] float."""
        return self.quantity(scores, xp)

    def select(self, scores: Scores, xp: ModuleType = np) -> Array:
        """The best labels of each image, [N, C] bool."""
        return best(scores.probabilities, self.quantity(scores, xp), xp)
