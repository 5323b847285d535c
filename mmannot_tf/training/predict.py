"""A run's predictions on a split: every trained head on the cached features."""

from collections.abc import Mapping

import numpy as np

from mmannot_tf.data.batches import ArrayBatches
from mmannot_tf.evaluation.predictions import Predictions
from mmannot_tf.runs.plan import finished, predictions_digest
from mmannot_tf.runs.stage import Stage
from mmannot_tf.training.inference import outputs
from mmannot_tf.training.method_builder import method_scores
from mmannot_tf.training.session import Session
from mmannot_tf.training.trained_branches import trained_branch
from tfrecords_tools.reading.records import reading
from tfrecords_tools.shell.errors import UserError


def predict(session: Session, split: str) -> Predictions:
    """Runs every finished stage's head over a split and saves the result in the run.

    Raises:
        UserError: no stage is finished, or the records have no such split.
    """
    run = session.run
    stages = finished(run)
    if not stages:
        raise UserError(f"A run must have a finished stage to predict. Received: {run.path}, with none.")
    if split not in run.dataset.splits:
        raise UserError(f"--split must be one of {', '.join(run.dataset.splits)}. Received: {split}.")
    arrays = session.arrays(split)
    read = dict.fromkeys(name for stage in stages for name in _features(stage))
    with reading(session.records):  # all at once: what shares a backbone is one pass over the images
        session.features(split).get(tuple(read))
    own = [stage for stage in stages if stage.section == "stages"]
    results = {
        (stage.name, target): _outputs(session, stage, head, split)
        for stage in own
        for head, target in stage.heads.items()
    }
    compared = {
        stage.name: method_scores(session, stage, split, batch_size=512)
        for stage in stages
        if stage not in own
    }
    predictions = Predictions(
        split=split,
        digest=predictions_digest(run, split),
        ids=arrays.ids,
        labels=arrays.labels > 0,
        label_names=run.dataset.labels,
        probabilities={
            **{name: _sigmoid(logits) for name, logits in _of(results, "labels").items()},
            **compared,
        },
        quantity=_of(results, "quantity"),
        label_frequencies=session.arrays("train").labels.mean(axis=0, dtype=np.float64).astype(np.float32),
    )
    session.distribution.by_chief(lambda: predictions.save(run.predictions(split)))
    return predictions


def _of(results: Mapping[tuple[str, str], np.ndarray], target: str) -> dict[str, np.ndarray]:
    """What the stages' heads for `target` gave, by stage."""
    return {stage: values for (stage, of), values in results.items() if of == target}


def _features(stage: Stage) -> tuple[str, ...]:
    """The stages whose features the heads of `stage` read: others', or its own."""
    return stage.features or (stage.name,)


def _outputs(session: Session, stage: Stage, head: str, split: str) -> np.ndarray:
    features = session.features(split).joint(_features(stage))
    with session.distribution.scope():
        model = trained_branch(session.run, stage, head, features.shape[1:])
    targets = session.arrays(split).quantity
    return outputs(model, ArrayBatches(features, targets, batch_size=512).one_pass(), session.distribution)


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    """The logistic function, without overflow for large negative logits."""
    return np.exp(-np.logaddexp(0.0, -logits.astype(np.float64))).astype(np.float32)
