"""Decides on validation images which heads annotate images without a known tag."""

from collections.abc import Sequence

import numpy as np

from mmannot_tf.decisions.selection import by_quantity
from mmannot_tf.evaluation.quantity import quantize
from mmannot_tf.runs.configured_stages import stage_named
from mmannot_tf.runs.plan import is_current
from mmannot_tf.runs.refit import earlier_run
from mmannot_tf.runs.run import Run
from mmannot_tf.runs.stage import Stage
from mmannot_tf.runs.untagged import Heads, compared_stages, read_choice, write_choice
from mmannot_tf.training.inference.predict import head_outputs
from mmannot_tf.training.session import Session
from mmannot_tf.training.validation import set_measures
from tfrecords_tools.shell.console import notice
from tfrecords_tools.shell.counted import counted

SPLIT = "validation"


def choose_untagged_heads(session: Session) -> None:
    """Writes untagged.json, where validation decides, all stages are trained and no valid one is there.

    All tags of the validation images are hidden. Both pairs of heads annotate every image: those on f_v, and
    those on f, where f_t is that of no tags. The pair with the higher I-F1 wins.
    """
    if not session.distribution.chief_decides(lambda: _is_due(session)):
        return
    earlier = earlier_run(session.run.config)
    if earlier is not None:
        session.distribution.on_chief(lambda: _keep(session.run, earlier))
        return
    visual, _, classifier, quantity_visual, quantity = (
        stage_named(session.run.config, name) for name in compared_stages(session.run)
    )
    f_v = session.features(SPLIT).concatenated((visual.name,))
    f_t = session.untagged_feature()
    f = np.concatenate([f_v, np.broadcast_to(f_t, (len(f_v), len(f_t)))], axis=1)
    scores: dict[Heads, float] = {
        "joint": _image_f1(session, (classifier, quantity), f),
        "visual": _image_f1(session, (visual, quantity_visual), f_v),
    }
    session.distribution.on_chief(lambda: _write(session, scores))


def _is_due(session: Session) -> bool:
    run = session.run
    if run.config.evaluation.untagged != "validation" or not run.dataset.tags:
        return False
    trained = all(is_current(run, name) for name in compared_stages(run))
    return trained and read_choice(run) is None


def _keep(run: Run, earlier: Run) -> None:
    """Keeps what the run that this one refits has decided."""
    choice = read_choice(earlier)
    if choice is not None:
        write_choice(run, choice.image_f1, choice.images)


def _image_f1(session: Session, stages: Sequence[Stage], features: np.ndarray) -> float:
    """I-F1 of the labels that a scorer and a regressor give to the validation images, percent."""
    settings, targets = session.run.config.evaluation, session.arrays(SPLIT).targets
    scores, raw = (head_outputs(session, stage, head, features) for stage in stages for head in stage.heads)
    chosen = by_quantity(scores, quantize(raw, targets.shape[1], settings))
    return set_measures(chosen, targets, settings)["image_f1"]


def _write(session: Session, scores: dict[Heads, float]) -> None:
    choice = write_choice(session.run, scores, len(session.arrays(SPLIT).ids))
    notice(
        f"images without a known tag: annotated by the {choice.heads} heads (I-F1 on "
        f"{counted(choice.images, 'validation image')} with hidden tags: joint {scores['joint']:.1f}, "
        f"visual {scores['visual']:.1f})"
    )
