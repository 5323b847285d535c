"""Compares the ways to decide on scores of any model, and applies a fitted one."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from mmannot_tf.decisions.calibration import Method
from mmannot_tf.decisions.catalogue import FOR_NEW_IMAGES, way_named
from mmannot_tf.decisions.csv_tables import Names
from mmannot_tf.decisions.fitted import FittedWay
from mmannot_tf.decisions.matrix_files import Matrix, file_and_array, read_matrix, write_selected
from mmannot_tf.decisions.override import PAPER
from mmannot_tf.decisions.predicted_quantity import PredictedQuantity
from mmannot_tf.decisions.score_checks import check_probabilities
from mmannot_tf.decisions.way import Options, Scores
from mmannot_tf.evaluation.labelled import Labelled
from mmannot_tf.evaluation.resampling import Resampling
from mmannot_tf.evaluation.scorer_ways import BEST
from mmannot_tf.evaluation.ways import LEAST_IMAGES, WayComparison, compare_ways
from tfrecords_tools.shell.console import notice
from tfrecords_tools.shell.errors import UserError


@dataclass(frozen=True)
class ScoreFiles:
    """The files of a set of images.

    Attributes:
        scores: a row an image, a column a label.
        labels: the true labels; None where they are not known.
        quantity: a predicted quantity for each image; None for none.
        names: what CSV files name.
    """

    scores: Path
    labels: Path | None
    quantity: Path | None
    names: Names = "auto"

    @cached_property
    def matrices(self) -> dict[Path, Matrix]:
        """Each file's content, read once."""
        return {path: read_matrix(path, self.names) for path in self._given}

    @cached_property
    def images(self) -> tuple[str, ...] | None:
        """The images' names, from whichever file has them.

        Raises:
            UserError: a file is missing or damaged, or two name other images.
        """
        return common_names("images", {path: matrix.images for path, matrix in self.matrices.items()})

    @property
    def label_names(self) -> dict[object, tuple[str, ...] | None]:
        """The labels' names in the files that have a column for each label."""
        return {path: self.matrices[path].labels for path in self._given if path != self.quantity}

    def read(self) -> Labelled:
        """The scores with their labels.

        Raises:
            UserError: a file is missing or damaged, there are no labels, or shapes or names differ.
        """
        if self.labels is None:
            raise UserError(f"true labels must be given for {self.scores}. Received: none.")
        scores, truth = self.matrices[self.scores], self.matrices[self.labels]
        if scores.values.shape != truth.values.shape:
            raise UserError(
                f"scores and labels must have the same shape. Received: {list(scores.values.shape)} in "
                f"{self.scores}, {list(truth.values.shape)} in {self.labels}."
            )
        common_names("labels", self.label_names)
        _note_repeated(self.images)
        return Labelled.of(scores.values, truth.as_truth(self.labels), self._quantities())

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files that are read."""
        return tuple(file_and_array(path)[0] for path in self._given)

    @property
    def _given(self) -> tuple[Path, ...]:
        return tuple(path for path in (self.scores, self.labels, self.quantity) if path is not None)

    def select(self, fitted: FittedWay, out: Path) -> float:
        """Writes the labels that a fitted way gives to these images.

        Returns:
            The mean number of labels of an image.

        Raises:
            UserError: a file is missing or damaged, or the way needs other labels or quantities.
        """
        names = common_names("labels", {**self.label_names, "the fitted way": fitted.labels})
        scores = Scores(self.matrices[self.scores].values, self._quantities())
        fitted.check_scale(scores)
        selected = fitted.select(scores)
        write_selected(out, selected, self.images, names)
        return float(selected.sum() / len(selected))

    def _quantities(self) -> np.ndarray | None:
        """The predicted quantities, [N] float32.

        Raises:
            UserError: there is not one for each image, or they are of other images.
        """
        if self.quantity is None:
            return None
        column, images = self.matrices[self.quantity], len(self.matrices[self.scores].values)
        if column.values.size != images:
            raise UserError(
                f"{self.quantity} must have one number for each of {images} images. Received: "
                f"{column.values.size}."
            )
        return column.values.ravel()


def common_names(what: str, names: Mapping[Any, tuple[str, ...] | None]) -> tuple[str, ...] | None:
    """The names of images or labels that several files share; None where no file has any.

    Args:
        what: "images" or "labels".
        names: by their file, in order; None for a file without names.

    Raises:
        UserError: two files have other names, or another order.
    """
    named = [(file, of_file) for file, of_file in names.items() if of_file is not None]
    for file, of_file in named[1:]:
        _check_same(what, named[0], (file, of_file))
    return named[0][1] if named else None


def _check_same(what: str, one: tuple[object, Sequence[str]], other: tuple[object, Sequence[str]]) -> None:
    (file, names), (another, others) = one, other
    differ = [(a, b) for a, b in zip(names, others, strict=False) if a != b]
    if differ or len(names) != len(others):
        first = f"{differ[0][0]} where {another} has {differ[0][1]}" if differ else f"{len(names)} of them"
        raise UserError(f"{what} must have the same names in the same order. Received: {first}, in {file}.")


def _note_repeated(images: Sequence[str] | None) -> None:
    repeated = next((name for name, count in Counter(images or ()).items() if count > 1), None)
    if repeated is not None:
        notice(f"note: several rows are of one image: {repeated}")


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
    wanted = None if way == BEST else way_named(PredictedQuantity.name if way == PAPER else way)
    if wanted is not None and wanted not in FOR_NEW_IMAGES:
        raise UserError(f"a way to decide must do without the true quantity. Received: {way}.")
    if fit.on_probabilities:
        check_probabilities(scored.scores.probabilities)
    comparison = compare_ways(
        "scores", fit, scored, options=options, calibrated=calibrated, resampling=resampling
    )
    picked = wanted or way_named(comparison.best(measure).way)
    fitted = FittedWay.fit(
        picked,
        fit.scores,
        fit.labels,
        options,
        comparison.calibrated,
        on_probabilities=fit.on_probabilities,
    )
    return Decision(comparison, replace(fitted, labels=label_names))
