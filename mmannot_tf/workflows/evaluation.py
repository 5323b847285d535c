"""Evaluates a run's split, predicting it first where predictions are missing or stale."""

from dataclasses import dataclass, replace
from pathlib import Path

from mmannot_tf.evaluation.document import document
from mmannot_tf.evaluation.how_many import HowMany, how_many
from mmannot_tf.evaluation.predictions import Predictions
from mmannot_tf.evaluation.resampling import Resampling
from mmannot_tf.evaluation.results import Evaluation
from mmannot_tf.evaluation.rows import evaluate
from mmannot_tf.evaluation.scorer_ways import (
    AnnotatorWays,
    choose_ways,
    compare_scorers,
    estimated_quantities,
)
from mmannot_tf.evaluation.verdict import Verdict, verdict
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


@dataclass(frozen=True, eq=False)
class PredictedSplit:
    """A run's predictions that an evaluation needs.

    Attributes:
        run: the run.
        predictions: of the split.
        chosen_on: those of validation, on which thresholds are chosen and ways are fitted; None for
            validation itself, and where it cannot be predicted.
    """

    run: Run
    predictions: Predictions
    chosen_on: Predictions | None

    def evaluate(self, *, bootstrap: int) -> Evaluation:
        """Scores every row. `bootstrap` resamples are for intervals and paired tests; 0 for neither."""
        settings = self.run.config.evaluation
        evaluation = evaluate(
            self.predictions,
            settings,
            readings=in_force(self.run.config),
            resampling=_resampling(bootstrap),
            chosen_on=self.chosen_on,
        )
        if self.chosen_on is None:
            return evaluation
        of_ways = estimated_quantities(self.chosen_on, self.predictions, settings)
        return replace(evaluation, quantity=(*evaluation.quantity, *of_ways))

    def verdict(self, *, bootstrap: int) -> Verdict | None:
        """The evaluation in short; None without resampling."""
        resampling = _resampling(bootstrap)
        if resampling is None:
            return None
        settings = annotation_settings(self.run)
        return verdict(self.predictions, settings, resampling=resampling, chosen_on=self.chosen_on)

    def how_many(self, *, bootstrap: int) -> HowMany | None:
        """Curves and points of the annotating row's scorer; None without another split to fit on."""
        if self.chosen_on is None:
            return None
        settings = annotation_settings(self.run)
        return how_many(self.chosen_on, self.predictions, settings, resampling=_resampling(bootstrap))

    def compare_ways(self, *, bootstrap: int) -> tuple[WayComparison, ...]:
        """Compares the ways to decide for every scorer; none where validation cannot be predicted.

        On the validation split itself each fifth of the images is decided by ways fitted on the rest.
        """
        is_choosing = self.predictions.split == CHOOSING
        fit, scored = (self.predictions, None) if is_choosing else (self.chosen_on, self.predictions)
        if fit is None:
            return ()
        return compare_scorers(fit, scored, self.run.config.evaluation, resampling=_resampling(bootstrap))


def predicted_split(
    path: Path, split: str, data: Path | None = None, *, tagged: bool = False
) -> PredictedSplit:
    """Predicts a run's split, and validation, where that is missing or stale; writes no other file.

    TensorFlow is loaded only if a split must be predicted.

    Args:
        path: the run's folder.
        split: of its records.
        data: the records, where they have moved since training.
        tagged: leaves out images without a tag of the vocabulary, as the paper does, in both splits.

    Raises:
        UserError: `tagged`, and the run has no tags.
    """
    run = open_run(path)
    if outdated := [stage.name for stage in outdated_stages(run)]:
        notice(
            f"note: no rows of {', '.join(outdated)}, which must be trained again. Run `mmannot train` "
            "with the same --run."
        )
    predictions = _predictions(run, split, data)
    chosen_on = None if split == CHOOSING else _predictions_to_choose_on(run, data)
    if tagged:
        predictions, chosen_on = predictions.tagged(), chosen_on and chosen_on.tagged()
    return PredictedSplit(run, predictions, chosen_on)


def evaluate_run(
    path: Path,
    split: str,
    data: Path | None = None,
    *,
    bootstrap: int = Resampling.draws,
    tagged: bool = False,
) -> Evaluation:
    """Evaluates a run's split, predicting it first where needed; see `predicted_split`.

    Thresholds are chosen on validation. An evaluation of that split has no rows with chosen thresholds.

    Args:
        path: the run's folder.
        split: of its records.
        data: the records, where they have moved since training.
        bootstrap: resamples for intervals and paired tests; 0 for neither.
        tagged: leaves out images without a tag of the vocabulary.
    """
    return predicted_split(path, split, data, tagged=tagged).evaluate(bootstrap=bootstrap)


def choose_ways_of_run(
    path: Path, name: str, data: Path | None = None, *, beta: float = 1.0
) -> AnnotatorWays:
    """Fits on validation the ways that decide for a run's annotator; see `choose_ways`.

    Of a refit, whose validation images trained, the ways of the run that it refits.

    Raises:
        UserError: validation cannot be predicted.
    """
    run = _choosing_run(open_run(path))
    return choose_ways(name, _predictions(run, CHOOSING, data), annotation_settings(run), beta=beta)


def _resampling(draws: int) -> Resampling | None:
    return Resampling(draws=draws) if draws else None


def _predictions_to_choose_on(run: Run, data: Path | None) -> Predictions | None:
    """The predictions of the validation split; None, with a line, where they cannot be made."""
    try:
        return _predictions(_choosing_run(run), CHOOSING, data)
    except UserError as error:
        notice(f"note: no thresholds are chosen, for {CHOOSING} cannot be predicted: {error}")
        return None


def _choosing_run(run: Run) -> Run:
    """The run whose validation images chose: of a refit, whose own ones trained, the run that it refits."""
    return earlier_run(run.config) or run


def _predictions(run: Run, split: str, data: Path | None) -> Predictions:
    """The split's predictions, made where they are missing or stale."""
    return _saved_predictions(run, split) or _predict(run, split, data)


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
