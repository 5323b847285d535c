"""Chooses a head's L2 coefficient by cross-validation within the training split."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from mmannot_tf.config.stage import StageSettings
from mmannot_tf.training.distribution import Distribution
from tfrecords_tools.shell.console import notice
from tfrecords_tools.shell.documents import read_document, write_document
from tfrecords_tools.shell.errors import UserError

SCORES = "l2.json"
"""In a stage's folder: the scores of all folds, kept with the stage."""


@dataclass(frozen=True, eq=False)
class Fold:
    """One part of the training split is held out, all others train.

    Attributes:
        number: counts from 0.
        kept: the rows that train, in order, [N - H] int64.
        held: the rows that score, in order, [H] int64.
    """

    number: int
    kept: np.ndarray
    held: np.ndarray


@dataclass(frozen=True)
class FoldScores:
    """The document l2.json.

    Attributes:
        scores: coefficient, as text → the best validation score in each fold so far; higher is better.
    """

    scores: Mapping[str, tuple[float, ...]]


def folds(rows: int, count: int, seed: int) -> Iterator[Fold]:
    """Splits row numbers at random into `count` parts of almost the same size; each is held out once."""
    part = np.random.default_rng(seed).permutation(rows) % count
    for number in range(count):
        yield Fold(number, np.flatnonzero(part != number), np.flatnonzero(part == number))


def cross_validated_l2(
    settings: StageSettings,
    rows: int,
    *,
    name: str,
    folder: Path,
    seed: int,
    distribution: Distribution,
    score: Callable[[float, Fold, Path], float],
) -> float:
    """The candidate with the highest mean score over all folds; the larger one of equal candidates.

    Finished folds are kept in l2.json, so that an interrupted choice goes on.

    Args:
        settings: of the stage: its candidates and the number of folds.
        rows: of the training split.
        name: of the stage, for the log.
        folder: of the stage.
        seed: of the split into folds.
        distribution: only the chief writes.
        score: (coefficient, fold, folder for its checkpoint) → the score on the rows that are held out.

    Raises:
        UserError: there are fewer images than folds.
    """
    if settings.l2_folds > rows:
        raise UserError(
            f"stages.{name}.l2_folds must be at most the number of training images, {rows:,}. Received: "
            f"{settings.l2_folds}."
        )
    done = dict(_read(folder).scores)
    for coefficient in settings.l2_candidates:
        for fold in folds(rows, settings.l2_folds, seed):
            scores = done.get(str(coefficient), ())
            if fold.number < len(scores):
                continue
            place = folder / "folds" / f"{coefficient:g}-{fold.number}"
            done[str(coefficient)] = (*scores, score(coefficient, fold, place))
            distribution.on_chief(partial(_keep, folder, done, place))
    distribution.on_chief(partial(shutil.rmtree, folder / "folds", ignore_errors=True))
    means = _means(settings, done)
    chosen = _best(means)
    if distribution.is_chief:
        told = ", ".join(f"{coefficient:g}: {mean:.3f}" for coefficient, mean in means.items())
        notice(f"{name}: L2 coefficient {chosen:g}, by {settings.l2_folds} folds ({told})")
    return chosen


def chosen_l2(settings: StageSettings, folder: Path) -> float:
    """The coefficient that a finished stage chose, from its folder."""
    return _best(_means(settings, _read(folder).scores))


def _means(settings: StageSettings, scores: Mapping[str, tuple[float, ...]]) -> dict[float, float]:
    return {coefficient: float(np.mean(scores[str(coefficient)])) for coefficient in settings.l2_candidates}


def _best(means: Mapping[float, float]) -> float:
    return max(means, key=lambda coefficient: (means[coefficient], coefficient))


def _keep(folder: Path, scores: Mapping[str, tuple[float, ...]], trained: Path) -> None:
    """Writes the scores so far, then deletes the checkpoint of the fold that is done."""
    write_document(folder / SCORES, FoldScores(scores))
    shutil.rmtree(trained, ignore_errors=True)


def _read(folder: Path) -> FoldScores:
    file = folder / SCORES
    if not file.exists():
        return FoldScores({})
    remedy = f"Delete {folder} to train the stage again."
    return read_document(file, FoldScores, what="A stage's l2.json", remedy=remedy)
