"""A run that trains on training and validation images, with what an earlier run chose. No TensorFlow."""

from collections.abc import Callable
from pathlib import Path

from mmannot_tf.config.loading import flatten
from mmannot_tf.config.settings import Config
from mmannot_tf.runs.run import Run, open_run
from mmannot_tf.runs.stage_record import read_record
from tfrecords_tools.reading.joining import with_joined_training
from tfrecords_tools.reading.records import Records
from tfrecords_tools.shell.errors import UserError

KEY = "training.refit_of"
MAY_DIFFER = (KEY, "training.checkpoint_seconds", "training.jit_compile", "data.decoded_cache")
"""Keys that change no weights."""


def run_records(config: Config, records: Records) -> Records:
    """The records as a run reads them: a refit's split "train" has training and validation images."""
    return records if config.training.refit_of is None else with_joined_training(records)


def with_whole_paths(config: Config) -> Config:
    """The configuration with the earlier run's path from the root, so that it holds in any folder."""
    if config.training.refit_of is None:
        return config
    training = config.training.model_copy(update={"refit_of": str(Path(config.training.refit_of).resolve())})
    return config.model_copy(update={"training": training})


def earlier_run(config: Config) -> Run | None:
    """The run whose choices a refit keeps; None for any other run.

    Raises:
        UserError: there is no such run.
    """
    refit_of = config.training.refit_of
    return None if refit_of is None else open_run(Path(refit_of))


def check_refit(config: Config, records: Records) -> None:
    """Checks that a refit has the records and the settings of the run that it refits.

    Raises:
        UserError: it has others, or that run is a refit itself.
    """
    earlier = earlier_run(config)
    if earlier is None:
        return
    if earlier.config.training.refit_of is not None:
        raise UserError(f"{KEY} must name a run that is no refit itself. Received: {earlier.path}.")
    _check_settings(
        earlier, config, lambda key: key not in MAY_DIFFER and not key.startswith(("evaluation.", "methods."))
    )
    if earlier.dataset.digest != records.digest:
        raise UserError(
            f"A refit must have the records of the run that {KEY} names. Received: {records.path}, digest "
            f"{records.digest[:12]} instead of {earlier.dataset.digest[:12]}."
        )


def kept_epoch(run: Run, stage: str) -> int | None:
    """The epoch after which a refit's stage ends: the one that the earlier run kept; None for no refit.

    Raises:
        UserError: that stage of the earlier run is not finished, or it is a compared system with other
            settings.
    """
    earlier = earlier_run(run.config)
    if earlier is None:
        return None
    record = read_record(earlier, stage)
    if record is None:
        raise UserError(
            f"{KEY} must name a run whose stages are finished. Received: {earlier.path}, without {stage}."
        )
    _check_settings(earlier, run.config, lambda key: key.startswith(f"methods.{stage}."))
    return record.best_epoch


def _check_settings(earlier: Run, config: Config, concerns: Callable[[str], bool]) -> None:
    """Checks that the keys that `concerns` accepts have the values of the earlier run."""
    before, now = (flatten(each.model_dump(mode="json")) for each in (earlier.config, config))
    for key, value in now.items():
        if concerns(key) and before.get(key) != value:
            raise UserError(
                f"A refit must have the settings of the run that {KEY} names. Received: another {key}, "
                f"{value} instead of {before.get(key)}."
            )
