"""Training curves of a run's stages, from their logs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mmannot_tf.runs.run import Run
from mmannot_tf.runs.stage_record import read_record
from mmannot_tf.runs.stages import KNOWN
from tfrecords_tools.shell.errors import UserError, one_line

NOT_MEASURES = {"stage", "epoch", "images_per_second"}
"""Keys of a line in log.jsonl."""
REMEDY = "Remove the file to have a page without these curves."


@dataclass(frozen=True)
class Curve:
    """One stage's log.

    Attributes:
        stage: its name.
        epochs: counted from 1.
        measures: the training loss and the validation measures by name, one number an epoch.
        best_epoch: the epoch of the kept weights; None while the stage is not finished.
    """

    stage: str
    epochs: tuple[int, ...]
    measures: Mapping[str, tuple[float, ...]]
    best_epoch: int | None


def curves(run: Run) -> list[Curve]:
    """Every stage with a log, in the order they are trained.

    Raises:
        UserError: a log is broken.
    """
    logged = [_curve(run, name) for name in KNOWN if (run.stage(name) / "log.jsonl").is_file()]
    return [curve for curve in logged if curve.epochs]


def _curve(run: Run, name: str) -> Curve:
    file, record = run.stage(name) / "log.jsonl", read_record(run, name)
    lines = [_line(file, number, text) for number, text in enumerate(file.read_bytes().splitlines(), 1)]
    names = [key for key in (lines[0] if lines else {}) if key not in NOT_MEASURES]
    try:
        return Curve(
            stage=name,
            epochs=tuple(int(line["epoch"]) for line in lines),
            measures={key: tuple(line[key] for line in lines) for key in names},
            best_epoch=None if record is None else record.best_epoch,
        )
    except KeyError as error:
        raise UserError(
            f"a stage's log must be as `mmannot train` wrote it. Received: {file}, where {error} is lacking. "
            f"{REMEDY}"
        ) from None


def _line(file: Path, number: int, text: bytes) -> Mapping[str, float]:
    """A line of the log: numbers by name, and the stage's name."""
    try:
        line = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _broken(file, number, one_line(error)) from None
    if not isinstance(line, dict):
        raise _broken(file, number, "no object")
    for name, value in line.items():
        if name != "stage" and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise _broken(file, number, f"{name} is no number")
    return line


def _broken(file: Path, number: int, reason: str) -> UserError:
    return UserError(f"a stage's log must hold JSON lines. Received: {file}:{number} ({reason}). {REMEDY}")
