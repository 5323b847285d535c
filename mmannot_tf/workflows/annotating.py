"""A run's own ways to decide, fitted when it annotates."""

from dataclasses import replace

from mmannot_tf.decisions.catalogue import FOR_NEW_IMAGES
from mmannot_tf.decisions.fitted_ways import FittedWays
from mmannot_tf.decisions.one_threshold import OneThreshold
from mmannot_tf.decisions.override import Override
from mmannot_tf.evaluation.scorer_ways import BEST
from mmannot_tf.serving.decisions import Decisions
from mmannot_tf.serving.model import Model
from mmannot_tf.workflows.evaluation import choose_ways_of_run
from tfrecords_tools.shell.errors import UserError


def with_fitted_ways(model: Model, override: Override) -> tuple[Model, Override]:
    """Fits a run's ways on validation if an override needs that; an export has its ways already.

    Args:
        model: a run or an export.
        override: also "best", for the way that validation picks; of a run, β without a way means the same.

    Returns:
        The model with the ways that it needs, and the override as they understand it.

    Raises:
        UserError: there is no such way, it has no use for β, or validation cannot be predicted.
    """
    of_run = BEST if override.beta is not None and model.run is not None else None
    name = override.way or of_run
    if model.run is None and name == BEST:
        raise UserError(
            f"{BEST} is chosen when a run is exported; an export decides by that without --decide. Received: "
            f"--decide {BEST} for {model.path}, an export."
        )
    if model.run is None or name is None or not _needs_fit(name, override):
        return model, override
    _check_beta(name, override.beta)
    chosen = choose_ways_of_run(model.run.path, name, beta=override.beta or 1.0)
    decisions = Decisions.of(chosen)
    if name == BEST:
        untagged = decisions.untagged
        decisions = Decisions(_naming_best(decisions.tagged), untagged and _naming_best(untagged))
    return replace(model, decisions=decisions), replace(override, decision=name, beta=None)


def _needs_fit(name: str, override: Override) -> bool:
    """Whether a way has something to fit that the override does not set."""
    ways = [way for way in FOR_NEW_IMAGES if way.name == name]
    is_set = name == OneThreshold.name and override.threshold is not None
    return not is_set and not any(way.needs <= {"quantity"} for way in ways)


def _check_beta(name: str, beta: float | None) -> None:
    weighing = [way.name for way in FOR_NEW_IMAGES if way.weighs_recall]
    if beta is not None and name not in (BEST, *weighing):
        raise UserError(
            f"beta (also as --favour) needs {BEST}, or a way that it changes: {', '.join(weighing)}. "
            f"Received: beta {beta:g} for {name}."
        )


def _naming_best(ways: FittedWays) -> FittedWays:
    """The ways with another name of the one that decides."""
    return replace(ways, by_name={**ways.by_name, BEST: ways.decider})
