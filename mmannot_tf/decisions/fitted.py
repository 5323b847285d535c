"""A way to decide with everything that was fitted: calibration and parameters. It is also a file."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any, Self

import numpy as np

from mmannot_tf.decisions.arrays import Array, within
from mmannot_tf.decisions.calibration import KINDS, Calibration, Method, Uncalibrated, fit_calibration
from mmannot_tf.decisions.catalogue import way_named
from mmannot_tf.decisions.way import Options, Scores, Way
from tfrecords_tools.shell.documents import parsed, read_document, write_document
from tfrecords_tools.shell.errors import UserError

_PART = 2**19
"""Scores that are decided at a time: memory is some hundred bytes a score."""
_WHAT = "A fitted way"
_REMEDY = "Fit it again with `mmannot decide`."


@dataclass(frozen=True)
class _File:
    """The document of a fitted way."""

    way: str
    classes: int
    calibrated: Method
    calibration: Mapping[str, Any]
    parameters: Mapping[str, Any]
    least: int | None = None
    most: int | None = None
    labels: tuple[str, ...] | None = None
    on_probabilities: bool = False


@dataclass(frozen=True)
class FittedWay:
    """A way to decide, ready for new scores.

    Attributes:
        way: with its parameters.
        classes: C, the number of labels that it was fitted on.
        calibrated: how scores become probabilities, where the way needs them.
        calibration: with its parameters.
        least: the least number of labels of an image, also for a way that has none of its own; None for the
            way's.
        most: the largest number of labels of an image; None for no bound.
        labels: the names of the C labels; None where they are not known.
        on_probabilities: whether all scores that it was fitted on were from 0 to 1; False where it was
            fitted on none, or by an earlier version.

    Example:
        >>> scores = Scores(np.float32([[0.9, 0.2], [0.6, 0.4]]))
        >>> labels = np.array([[True, False], [True, False]])
        >>> fitted = FittedWay.fit(way_named("one_threshold"), scores, labels)
        >>> fitted.select(Scores(np.float32([[0.7, 0.5]]))).tolist()
        [[True, True]]
    """

    way: Way
    classes: int
    calibrated: Method
    calibration: Calibration
    least: int | None = None
    most: int | None = None
    labels: tuple[str, ...] | None = None
    on_probabilities: bool = False

    @classmethod
    def fit(
        cls,
        way: type[Way],
        scores: Scores,
        labels: np.ndarray,
        options: Options | None = None,
        calibrated: Method = "none",
        calibration: Calibration | None = None,
    ) -> Self:
        """Fits a way, and before it the calibration if the way needs probabilities.

        Args:
            way: one of `catalogue.WAYS`.
            scores: of images with known labels, numpy; `scores.unknown` says which labels are not known.
            labels: the ground truth, [N, C] bool.
            options: what the user demands.
            calibrated: how scores become probabilities.
            calibration: what this method was fitted to on the same images, if that is known.

        Raises:
            UserError: the scores lack what the way needs, or are not those of these labels.
        """
        _check_quantity(way, scores)
        if calibrated not in KINDS:
            raise UserError(f"calibrated must be one of {', '.join(KINDS)}. Received: {calibrated}.")
        if np.shape(scores.probabilities) != np.shape(labels) or np.ndim(labels) != 2:
            raise UserError(
                "scores and labels must be [N, C], a row an image, a column a label. Received: "
                f"{list(np.shape(scores.probabilities))} and {list(np.shape(labels))}."
            )
        method: Method = calibrated if "probabilities" in way.needs else "none"
        if method == "none":
            calibration = Uncalibrated()
        options = options or Options()
        scores, labels = _in_float32(scores), np.asarray(labels, bool)
        if method != "none" and calibration is None:
            calibration = fit_calibration(method, scores.probabilities, labels, scores.unknown)
        calibrated_scores, truth = _calibrated(scores, calibration or Uncalibrated(), np), labels
        if way.counts_labels and scores.unknown is not None:
            wanted = scores.with_quantity
            calibrated_scores, truth = _images(calibrated_scores, wanted), labels[wanted]
        fitted = way.fit(calibrated_scores, truth, options)
        return cls(
            fitted,
            labels.shape[1],
            method,
            calibration or Uncalibrated(),
            most=options.most,
            on_probabilities=bool(labels.size) and are_probabilities(scores.probabilities),
        )

    def select(self, scores: Scores, xp: ModuleType = np) -> Array:
        """The labels of each image, [N, C] bool.

        Raises:
            UserError: the scores are of another number of labels, or lack what the way needs.
        """
        _check_quantity(type(self.way), scores)
        if scores.probabilities.shape[1] != self.classes:
            raise UserError(
                f"scores must be of the {self.classes:,} labels that the way was fitted on. Received: "
                f"{scores.probabilities.shape[1]:,}."
            )
        if xp is np:
            scores = _in_float32(scores)
        return self._in_parts(lambda part: self._select(part, xp), scores, xp)

    def check_scale(self, scores: Scores) -> None:
        """Checks that scores are probabilities, if the way was fitted on such.

        Raises:
            UserError: a score is below 0 or above 1.
        """
        if self.on_probabilities and not are_probabilities(scores.probabilities):
            raise UserError(
                "scores must be from 0 to 1, as those that the way was fitted on. Received: "
                f"{np.nanmin(scores.probabilities):g} to {np.nanmax(scores.probabilities):g}."
            )

    def probabilities(self, scores: Array, xp: ModuleType = np) -> Array:
        """The scores as the way reads them: calibrated where it needs probabilities, [N, C]."""
        return self.calibration.apply(scores, xp)

    def _select(self, scores: Scores, xp: ModuleType) -> Array:
        selected = self.way.select(scores, xp)
        if self.least is None and self.most is None:
            return selected
        return within(selected, scores.probabilities, 0 if self.least is None else self.least, self.most, xp)

    def estimate(self, scores: Scores, xp: ModuleType = np) -> Array:
        """The estimate of each image's quantity, [N] float, before rounding where the way rounds."""
        return self._in_parts(lambda part: self.way.estimate(part, xp), scores, xp)

    def _in_parts(self, decide: Callable[[Scores], Array], scores: Scores, xp: ModuleType) -> Array:
        """What `decide` returns for calibrated scores; numpy decides a part of the images at a time."""
        size = max(1, _PART // self.classes)
        if xp is not np or len(scores.probabilities) <= size:
            return decide(_calibrated(scores, self.calibration, xp))
        starts = range(0, len(scores.probabilities), size)
        parts = (_images(scores, slice(start, start + size)) for start in starts)
        return np.concatenate([decide(_calibrated(part, self.calibration, np)) for part in parts])

    def save(self, path: Path) -> None:
        """Writes the fitted way as JSON."""
        parameters = asdict(self.calibration), asdict(self.way)
        write_document(
            path,
            _File(
                self.way.name,
                self.classes,
                self.calibrated,
                *parameters,
                least=self.least,
                most=self.most,
                labels=self.labels,
                on_probabilities=self.on_probabilities,
            ),
        )

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads what `save` wrote.

        Raises:
            UserError: the file is missing or damaged.
        """
        file = read_document(path, _File, what=_WHAT, remedy=_REMEDY)
        return cls(
            way=parsed(file.parameters, way_named(file.way), path=path, what=_WHAT, remedy=_REMEDY),
            classes=file.classes,
            calibrated=file.calibrated,
            calibration=parsed(
                file.calibration, KINDS[file.calibrated], path=path, what=_WHAT, remedy=_REMEDY
            ),
            least=file.least,
            most=file.most,
            labels=file.labels,
            on_probabilities=file.on_probabilities,
        )


def are_probabilities(scores: np.ndarray) -> bool:
    """Whether no score is below 0 or above 1; those that are no number are left out."""
    with np.errstate(invalid="ignore"):
        return not bool(np.any((scores < 0) | (scores > 1)))


def _in_float32(scores: Scores) -> Scores:
    """Scores in the type of thresholds and graphs, so that a score equal to a threshold stays equal to it."""
    with np.errstate(over="ignore"):
        probabilities = np.asarray(scores.probabilities, np.float32)
    return replace(scores, probabilities=probabilities)


def _images(scores: Scores, wanted: slice | np.ndarray) -> Scores:
    return Scores(*(None if values is None else values[wanted] for values in vars(scores).values()))


def _check_quantity(way: type[Way], scores: Scores) -> None:
    if "quantity" in way.needs and scores.quantity is None:
        raise UserError(f"the way {way.name} needs predicted quantities. Received: none.")


def _calibrated(scores: Scores, calibration: Calibration, xp: ModuleType) -> Scores:
    if isinstance(calibration, Uncalibrated):
        return scores
    return replace(scores, probabilities=calibration.apply(scores.probabilities, xp))
