"""Compares the ways to decide on scores of any model, and applies a fitted one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from mmannot_tf.decisions.calibration import Method
from mmannot_tf.decisions.catalogue import FOR_NEW_IMAGES, way_named
from mmannot_tf.decisions.fitted import FittedWay
from mmannot_tf.decisions.matrix_files import Matrix, file_and_array, read_matrix, write_selected
from mmannot_tf.decisions.way import Options, Scores
from mmannot_tf.evaluation.labelled import Labelled
from mmannot_tf.evaluation.resampling import Resampling
from mmannot_tf.evaluation.scorer_ways import BEST
from mmannot_tf.evaluation.ways import LEAST_IMAGES, WayComparison, compare_ways
from tfrecords_tools.shell.errors import UserError


@dataclass(frozen=True)
class ScoreFiles:
    """The files of a set of images.

    Attributes:
        scores: a row an image, a column a label.
        labels: the true labels; None where they are not known.
        quantity: a predicted quantity for each image; None for none.
    """

    scores: Path
    labels: Path | None
    quantity: Path | None

    @cached_property
    def matrix(self) -> Matrix:
        """The scores with the names of images and labels, read once."""
        return read_matrix(self.scores)

    def read(self) -> Labelled:
        """The scores with their labels.

        Raises:
            UserError: a file is missing or damaged, there are no labels, or shapes differ.
        """
        if self.labels is None:
            raise UserError(f"true labels must be given for {self.scores}. Received: none.")
        scores, truth = self.matrix, read_matrix(self.labels)
        if scores.values.shape != truth.values.shape:
            raise UserError(
                f"scores and labels must have the same shape. Received: {list(scores.values.shape)} in "
                f"{self.scores}, {list(truth.values.shape)} in {self.labels}."
            )
        for what in ("images", "labels"):
            check_names(what, getattr(scores, what), getattr(truth, what), (self.scores, self.labels))
        return Labelled.of(scores.values, truth.as_truth(self.labels), self._quantities())

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files that are read."""
        return tuple(
            file_and_array(path)[0] for path in (self.scores, self.labels, self.quantity) if path is not None
        )

    def select(self, fitted: FittedWay, out: Path) -> float:
        """Writes the labels that a fitted way gives to these images.

        Returns:
            The mean number of labels of an image.

        Raises:
            UserError: a file is missing or damaged, or the way needs other labels or quantities.
        """
        matrix = self.matrix
        check_names("labels", matrix.labels, fitted.labels, (self.scores, "the fitted way"))
        scores = Scores(matrix.values, self._quantities())
        fitted.check_scale(scores)
        selected = fitted.select(scores)
        write_selected(out, selected, matrix.images, matrix.labels)
        return float(selected.sum() / len(selected))

    def _quantities(self) -> np.ndarray | None:
        """The predicted quantities, [N] float32.

        Raises:
            UserError: there is not one for each image, or they are of other images.
        """
        if self.quantity is None:
            return None
        column = read_matrix(self.quantity)
        check_names("images", self.matrix.images, column.images, (self.scores, self.quantity))
        images = len(self.matrix.values)
        if column.values.size != images:
            raise UserError(
                f"{self.quantity} must have one number for each of {images} images. Received: "
                f"{column.values.size}."
            )
        return column.values.ravel()


def check_names(
    what: str,
    names: Sequence[str] | None,
    others: Sequence[str] | None,
    files: tuple[object, object],
) -> None:
    """Checks that two files name the same images or labels in the same order, where both name them.

    Raises:
        UserError: they do not.
    """
    if names is None or others is None:
        return
    differ = [(a, b) for a, b in zip(names, others, strict=False) if a != b]
    if differ or len(names) != len(others):
        first = f"{differ[0][0]} where {files[1]} has {differ[0][1]}" if differ else f"{len(names)} of them"
        raise UserError(
            f"{what} must have the same names in the same order. Received: {first}, in {files[0]}."
        )


@dataclass(frozen=True, eq=False)
class Decision:
    """A comparison, and the way that was picked.

    Attributes:
        comparison: of all ways.
        fitted: the picked way, fitted on the images to fit on.
    """

    comparison: WayComparison
    fitted: FittedWay


def split_rows(data: Labelled, share: float, seed: int) -> tuple[Labelled, Labelled]:
    """Images to fit on and images to score, drawn at random.

    Raises:
        UserError: one of the two would have fewer than `LEAST_IMAGES`.
    """
    images = len(data.labels)
    count = round(share * images)
    if min(count, images - count) < LEAST_IMAGES:
        raise UserError(
            f"fitting and scoring each need {LEAST_IMAGES} images. Received: {images} images, "
            f"a share of {share:g} to fit on."
        )
    is_to_fit = np.zeros(images, bool)
    is_to_fit[np.random.default_rng(seed).permutation(images)[:count]] = True
    return data.where(is_to_fit), data.where(~is_to_fit)


def decide(
    fit: Labelled,
    scored: Labelled,
    *,
    way: str = BEST,
    measure: str = "image_f1",
    label_names: tuple[str, ...] | None = None,
    options: Options | None = None,
    calibrated: Method | None = None,
    resampling: Resampling | None = None,
) -> Decision:
    """Compares all ways, and picks one.

    Args:
        fit: the images that ways are fitted on.
        scored: the images that they are scored on.
        way: the name of a way, or "best" for the one that `fit` says is best.
        measure: by which the best is chosen, one of `evaluation.ways.CHOSEN_BY`.
        label_names: of the scores' columns; None where they are not known.
        options: what the user demands.
        calibrated: how scores become probabilities; None for the best method.
        resampling: how intervals and paired tests are made; None for neither.

    Raises:
        UserError: there is no such way, or the scores lack what it needs.
    """
    if not fit.labels.any():
        raise UserError(
            f"the images to fit on must have labels. Received: {len(fit.labels):,} images, none with a label."
        )
    wanted = None if way == BEST else way_named(way)
    if wanted is not None and wanted not in FOR_NEW_IMAGES:
        raise UserError(f"a way to decide must do without the true quantity. Received: {way}.")
    comparison = compare_ways(
        "scores", fit, scored, options=options, calibrated=calibrated, resampling=resampling
    )
    picked = wanted or way_named(comparison.best(measure).way)
    fitted = FittedWay.fit(picked, fit.scores, fit.labels, options, comparison.calibrated)
    fitted.check_scale(scored.scores)
    return Decision(comparison, replace(fitted, labels=label_names))
