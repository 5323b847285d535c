"""A run's predictions on a split, from every trained head and the cached features."""

from collections.abc import Mapping

import numpy as np

from mmannot_tf.data.array_batches import ArrayBatches
from mmannot_tf.evaluation.predictions import Predictions
from mmannot_tf.runs.plan import current_stages, predictions_digest
from mmannot_tf.runs.stage import Stage, Target
from mmannot_tf.training.inference.inference import model_outputs
from mmannot_tf.training.inference.trained_branches import trained_branch
from mmannot_tf.training.method_builder import method_scores
from mmannot_tf.training.session import Session
from tfrecords_tools.reading.records import check_unchanged, data_loss_as_user_error
from tfrecords_tools.shell.console import notice
from tfrecords_tools.shell.errors import UserError


def predict(session: Session, split: str) -> Predictions:
    """Predicts with every current stage's head on a split and saves the result in the run.

    Raises:
        UserError: no stage is finished, or the records have no such split.
    """
    run = session.run
    stages = current_stages(run)
    if not stages:
        raise UserError(f"A run must have a finished stage to predict. Received: {run.path}, with none.")
    if split not in run.dataset.splits:
        raise UserError(f"--split must be one of {', '.join(run.dataset.splits)}. Received: {split}.")
    arrays = session.arrays(split)
    read = dict.fromkeys(name for stage in stages for name in _features(stage))
    # All at once, so that stages with a common backbone take one pass over the images.
    with data_loss_as_user_error(session.records):
        session.features(split).get(tuple(read))
    ours = [stage for stage in stages if stage.section == "stages"]
    results = {
        (stage.name, target): head_outputs(
            session, stage, head, session.features(split).concatenated(_features(stage))
        )
        for stage in ours
        for head, target in stage.heads.items()
    }
    compared = {
        stage.name: method_scores(session, stage, split, batch_size=512)
        for stage in stages
        if stage not in ours
    }
    predictions = Predictions(
        split=split,
        digest=predictions_digest(run, split),
        ids=arrays.ids,
        labels=arrays.labels > 0,
        label_names=run.dataset.labels,
        probabilities={
            **{name: _sigmoid(logits) for name, logits in _outputs_for(results, "labels").items()},
            **compared,
        },
        quantity=_outputs_for(results, "quantity"),
        label_frequencies=session.arrays("train").label_frequencies,
        known_tags=arrays.known_tags if run.dataset.tags else None,
        unknown=arrays.unknown,
    )
    session.distribution.on_chief(lambda: _save(predictions, session))
    return predictions


def _save(predictions: Predictions, session: Session) -> None:
    """Saves predictions in the run; where the run cannot be written, a line reports it."""
    check_unchanged(session.records)
    try:
        predictions.save(session.run.predictions(predictions.split))
    except OSError as error:
        notice(f"warning: predictions are not saved: {error.filename}: {error.strerror}")


def _outputs_for(results: Mapping[tuple[str, Target], np.ndarray], target: Target) -> dict[str, np.ndarray]:
    """The outputs of the stages' heads for `target`, by stage."""
    return {stage: values for (stage, head_target), values in results.items() if head_target == target}


def _features(stage: Stage) -> tuple[str, ...]:
    """The stages whose features the heads of `stage` read: earlier ones, or `stage` itself."""
    return stage.features or (stage.name,)


def head_outputs(session: Session, stage: Stage, head: str, features: np.ndarray) -> np.ndarray:
    """The outputs of a stage's trained head on features, float32 [N, D]: logits [N, C] or quantities [N]."""
    with session.distribution.scope():
        model = trained_branch(session.run, stage, head, features.shape[1:])
    no_targets = np.zeros(len(features), np.float32)
    return model_outputs(
        model, ArrayBatches(features, no_targets, batch_size=512).ordered_split(), session.distribution
    )


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    """The logistic function, without overflow for large negative logits."""
    return np.exp(-np.logaddexp(0.0, -logits.astype(np.float64))).astype(np.float32)
