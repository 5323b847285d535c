"""Compares a run with the paper's printed tables."""

from pathlib import Path

from mmannot_tf.evaluation.results import Evaluation
from mmannot_tf.paper.comparability import RunFacts
from mmannot_tf.paper.compare import Comparison, compare
from mmannot_tf.runs.refit import run_records
from mmannot_tf.runs.run import Run, open_run
from tfrecords_tools.reading.records import MARKER, Records, open_records


def compare_run(path: Path, evaluation: Evaluation, data: Path | None = None) -> Comparison:
    """Compares a run with the paper.

    Args:
        path: the run's folder.
        evaluation: of one of its splits.
        data: the records, where they have moved since training.
    """
    run = open_run(path)
    records = available_records(run, data)
    facts = RunFacts(
        source=run.dataset.source,
        split=evaluation.split,
        images=evaluation.images,
        backbone=run.config.model.backbone,
        weights_origin=run.provenance.origin,
        readings=evaluation.readings,
        build=None if records is None else records.settings,
    )
    return compare(evaluation, facts)


def available_records(run: Run, data: Path | None) -> Records | None:
    """A run's records; None where they are gone or replaced by others.

    Args:
        run: the run.
        data: the records, where they have moved since training.

    Raises:
        UserError: `data` holds no records.
    """
    if data is None and not (Path(run.dataset.path) / MARKER).is_file():
        return None
    records = run_records(run.config, open_records(data or Path(run.dataset.path)))
    return records if records.digest == run.dataset.digest else None
