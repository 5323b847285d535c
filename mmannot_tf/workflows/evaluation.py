"""Evaluates a run's split, predicting it first where predictions are missing or stale."""

from pathlib import Path

from mmannot_tf.evaluation.document import document
from mmannot_tf.evaluation.predictions import Predictions
from mmannot_tf.evaluation.resampling import Resampling
from mmannot_tf.evaluation.results import Evaluation
from mmannot_tf.evaluation.rows import evaluate
from mmannot_tf.evaluation.scorer_ways import AnnotatorWays, choose_ways, compare_scorers
from mmannot_tf.evaluation.ways import WayComparison
from mmannot_tf.paper.readings import in_force
from mmannot_tf.runs.plan import outdated_stages, predictions_digest
from mmannot_tf.runs.refit import earlier_run
from mmannot_tf.runs.run import Run, open_run
from mmannot_tf.runs.untagged import annotation_settings
from tfrecords_tools.shell.console import notice
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import write_json
from tfrecords_tools.shell.tensorflow_logging import import_tensorflow

CHOOSING = "validation"
"""The split on which thresholds are chosen."""


def evaluate_run(
    path: Path,
    split: str,
    data: Path | None = None,
    *,
    bootstrap: int = Resampling.draws,
    tagged: bool = False,
) -> Evaluation:
    """Evaluates a run's split. Writes predictions of this split and of validation, and no other file.

    Thresholds are chosen on validation. An evaluation of that split has no rows with chosen thresholds.
    TensorFlow is loaded only if a split must be predicted.

    Args:
        path: the run's folder.
        split: of its records.
        data: the records, where they have moved since training.
        bootstrap: resamples for intervals and paired tests; 0 for neither.
        tagged: leaves out images without a tag of the vocabulary, as the paper does; thresholds are chosen on
            such images, too.

    Raises:
        UserError: `tagged`, and the run has no tags.
    """
    run = open_run(path)
    if outdated := [stage.name for stage in outdated_stages(run)]:
        notice(
            f"note: no rows of {', '.join(outdated)}, which must be trained again. Run `mmannot train` "
            "with the same --run."
        )
    predictions, chosen_on = _predictions(run, split, data, tagged=tagged)
    return evaluate(
        predictions,
        run.config.evaluation,
        readings=in_force(run.config),
        resampling=Resampling(draws=bootstrap) if bootstrap else None,
        chosen_on=chosen_on,
    )


def compare_ways_of_run(
    path: Path,
    split: str,
    data: Path | None = None,
    *,
    bootstrap: int = Resampling.draws,
    tagged: bool = False,
) -> tuple[WayComparison, ...]:
    """Compares the ways to decide for every scorer of a run, fitted on validation.

    On the validation split itself each fifth of the images is decided by ways fitted on the rest. The
    arguments and errors are those of `evaluate_run`.

    Returns:
        A comparison a scorer; none where validation cannot be predicted.
    """
    run = open_run(path)
    predictions, chosen_on = _predictions(run, split, data, tagged=tagged, announce=False)
    fit, scored = (predictions, None) if split == CHOOSING else (chosen_on, predictions)
    if fit is None:
        return ()
    resampling = Resampling(draws=bootstrap) if bootstrap else None
    return compare_scorers(fit, scored, run.config.evaluation, resampling=resampling)


def choose_ways_of_run(path: Path, name: str, data: Path | None = None) -> AnnotatorWays:
    """Fits on validation the ways that decide for a run's annotator; see `choose_ways`.

    Of a refit, whose validation images trained, the ways of the run that it refits.

    Raises:
        UserError: validation cannot be predicted.
    """
    run = open_run(path)
    run = earlier_run(run.config) or run
    predictions, _ = _predictions(run, CHOOSING, data, tagged=False)
    return choose_ways(name, predictions, annotation_settings(run))


def _predictions(
    run: Run, split: str, data: Path | None, *, tagged: bool, announce: bool = True
) -> tuple[Predictions, Predictions | None]:
    """The predictions of a split, and those to choose on: None for validation itself."""
    predictions = _saved_predictions(run, split) or _predict(run, split, data)
    chosen_on = None if split == CHOOSING else _predictions_to_choose_on(run, data, announce=announce)
    if tagged:
        predictions, chosen_on = predictions.tagged(), chosen_on and chosen_on.tagged()
    return predictions, chosen_on


def _predictions_to_choose_on(run: Run, data: Path | None, *, announce: bool) -> Predictions | None:
    """The predictions of the validation split; None, with a line if wanted, where they cannot be made.

    Of a refit, whose validation images trained, those of the run that it refits.
    """
    try:
        run = earlier_run(run.config) or run
        return _saved_predictions(run, CHOOSING) or _predict(run, CHOOSING, data)
    except UserError as error:
        if announce:
            notice(f"note: no thresholds are chosen, for {CHOOSING} cannot be predicted: {error}")
        return None


def _saved_predictions(run: Run, split: str) -> Predictions | None:
    """The split's predictions; None where there are none or the stages have changed since."""
    file = run.predictions(split)
    if not file.exists():
        return None
    predictions = Predictions.load(file)
    return predictions if predictions.digest == predictions_digest(run, split) else None


def _predict(run: Run, split: str, data: Path | None) -> Predictions:
    import_tensorflow()

    from mmannot_tf.training.inference.predict import predict
    from mmannot_tf.training.session import open_session

    return predict(open_session(run, data), split)


def write_scores(path: Path, evaluation: Evaluation) -> None:
    """Writes a run's scores.json; does nothing for an evaluation of another split than test.

    A line reports where the file cannot be written, such as in a read-only run.
    """
    if evaluation.split != "test":
        return
    try:
        write_json(path / "scores.json", document(evaluation))
    except OSError as error:
        notice(f"warning: scores are not saved: {error.filename}: {error.strerror}")
