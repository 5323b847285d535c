"""A way to decide with everything that was fitted: calibration and parameters. It is also a file."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any, Self

import numpy as np

from mmannot_tf.decisions.arrays import Array, within
from mmannot_tf.decisions.calibration import (
    KINDS,
    Calibration,
    Method,
    Uncalibrated,
    are_probabilities,
    fit_calibration,
)
from mmannot_tf.decisions.catalogue import way_named
from mmannot_tf.decisions.faults import faults, faults_of_bounds
from mmannot_tf.decisions.score_checks import check_finite, check_probabilities
from mmannot_tf.decisions.way import Options, Scores, Way
from tfrecords_tools.shell.documents import damaged, parsed, read_document, write_document
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
        on_probabilities: bool | None = None,
    ) -> Self:
        """Fits a way, and before it the calibration if the way needs probabilities.

        Args:
            way: one of `catalogue.WAYS`.
            scores: of images with known labels, numpy; `scores.unknown` says which labels are not known.
            labels: the ground truth, [N, C] bool.
            options: what the user demands.
            calibrated: how scores become probabilities.
            calibration: what this method was fitted to on the same images, if that is known.
            on_probabilities: whether scores of this kind are probabilities; None if these ones say it.

        Raises:
            UserError: the scores lack what the way needs, are not finite, or are not those of these labels.
        """
        _check_quantity(way, scores)
        if calibrated not in KINDS:
            raise UserError(f"calibrated must be one of {', '.join(KINDS)}. Received: {calibrated}.")
        if np.shape(scores.probabilities) != np.shape(labels) or np.ndim(labels) != 2:
            raise UserError(
                "scores and labels must be [N, C], a row an image, a column a label. Received: "
                f"{list(np.shape(scores.probabilities))} and {list(np.shape(labels))}."
            )
        _check_images(way, scores, calibrated)
        method: Method = calibrated if "probabilities" in way.needs else "none"
        if method == "none":
            calibration = Uncalibrated()
        options = options or Options()
        scores, labels = _in_float32(scores), np.asarray(labels, bool)
        if on_probabilities is None:
            on_probabilities = bool(labels.size) and are_probabilities(scores.probabilities)
        if method != "none" and calibration is None:
            calibration = fit_calibration(
                method, scores.probabilities, labels, scores.unknown, on_probabilities
            )
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
            on_probabilities=on_probabilities,
        )

    def select(self, scores: Scores, xp: ModuleType = np) -> Array:
        """The labels of each image, [N, C] bool.

        Raises:
            UserError: the scores are of another number of labels, or lack what the way needs.
        """
        self._check(scores)
        if xp is np:
            scores = _in_float32(scores)
        return self._in_parts(lambda part: self._select(part, xp), scores, xp)

    def check_scale(self, scores: Scores) -> None:
        """Checks that scores are probabilities, if the way was fitted on such.

        Raises:
            UserError: a score is below 0 or above 1.
        """
        if self.on_probabilities:
            check_probabilities(scores.probabilities)

    def probabilities(self, scores: Array, xp: ModuleType = np) -> Array:
        """The scores as the way reads them: calibrated where it needs probabilities, [N, C]."""
        return self.calibration.apply(scores, xp)

    def _check(self, scores: Scores) -> None:
        _check_quantity(type(self.way), scores)
        if scores.probabilities.shape[1] != self.classes:
            raise UserError(
                f"scores must be of the {self.classes:,} labels that the way was fitted on. Received: "
                f"{scores.probabilities.shape[1]:,}."
            )

    def _select(self, scores: Scores, xp: ModuleType) -> Array:
        selected = self.way.select(scores, xp)
        if self.least is None and self.most is None:
            return selected
        return within(selected, scores.probabilities, 0 if self.least is None else self.least, self.most, xp)

    def estimate(self, scores: Scores, xp: ModuleType = np) -> Array:
        """The estimate of each image's quantity, [N] float, before rounding where the way rounds.

        Raises:
            UserError: as of `select`.
        """
        self._check(scores)
        return self._in_parts(lambda part: self.way.estimate(part, xp), scores, xp)

    def _in_parts(self, decide: Callable[[Scores], Array], scores: Scores, xp: ModuleType) -> Array:
        """What `decide` returns for calibrated scores; numpy decides a part of the images at a time."""
        size = max(1, _PART // self.classes)
        if xp is not np or len(scores.probabilities) <= size:
            return decide(_calibrated(scores, self.calibration, xp))
        starts = range(0, len(scores.probabilities), size)
        parts = (_images(scores, slice(start, start + size)) for start in starts)
        return np.concatenate([decide(_calibrated(part, self.calibration, np)) for part in parts])

    def save(self, path: str | Path) -> None:
        """Writes the fitted way as JSON."""
        parameters = asdict(self.calibration), asdict(self.way)
        write_document(
            Path(path),
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
    def load(cls, path: str | Path) -> Self:
        """Reads what `save` wrote.

        Raises:
            UserError: the file is missing or damaged, or holds what no way can be.
        """
        path = Path(path)
        file = read_document(path, _File, what=_WHAT, remedy=_REMEDY)
        fitted = cls(
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
        if fault := next(faults(fitted.way, fitted.calibration, fitted.classes, fitted.labels), None):
            raise damaged(path, _WHAT, fault, _REMEDY)
        if fault := next(faults_of_bounds(fitted.least, fitted.most), None):
            raise damaged(path, _WHAT, fault, _REMEDY)
        return fitted


def _check_images(way: type[Way], scores: Scores, calibrated: Method) -> None:
    """Checks that there are images to be fitted on, if any are needed, and that their numbers are finite."""
    is_fitted = "validation" in way.needs or ("probabilities" in way.needs and calibrated != "none")
    if is_fitted and not np.size(scores.probabilities):
        raise UserError(
            f"the way {way.name} must be fitted on an image and a label at least. Received: "
            f"{list(np.shape(scores.probabilities))}."
        )
    check_finite(scores)


def _in_float32(scores: Scores) -> Scores:
    """Scores in the type of thresholds and graphs, so that a score equal to a threshold stays equal to it."""
    with np.errstate(over="ignore"):
        probabilities = np.asarray(scores.probabilities, np.float32)
    return replace(scores, probabilities=probabilities)


def _images(scores: Scores, wanted: slice | np.ndarray) -> Scores:
    return Scores(*(None if values is None else values[wanted] for values in vars(scores).values()))


def _check_quantity(way: type[Way], scores: Scores) -> None:
    for need, values in (("quantity", scores.quantity), ("true_quantity", scores.true_quantity)):
        if need in way.needs and values is None:
            kind = "predicted" if need == "quantity" else "true"
            raise UserError(f"the way {way.name} needs {kind} quantities. Received: none.")


def _calibrated(scores: Scores, calibration: Calibration, xp: ModuleType) -> Scores:
    if isinstance(calibration, Uncalibrated):
        return scores
    return replace(scores, probabilities=calibration.apply(scores.probabilities, xp))
