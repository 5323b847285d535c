"""Training curves of a run's stages, from their logs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mmannot_tf.runs.run import Run
from mmannot_tf.runs.stages import KNOWN
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import read_json

NOT_MEASURES = {"stage", "epoch", "images_per_second"}
"""Keys of a line in log.jsonl."""


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
    logged = [_curve(name, run.stage(name)) for name in KNOWN if (run.stage(name) / "log.jsonl").is_file()]
    return [curve for curve in logged if curve.epochs]


def _curve(name: str, folder: Path) -> Curve:
    file, finished = folder / "log.jsonl", folder / "stage.json"
    lines = [_line(file, number, text) for number, text in enumerate(file.read_text("utf-8").splitlines(), 1)]
    names = [key for key in (lines[0] if lines else {}) if key not in NOT_MEASURES]
    try:
        return Curve(
            stage=name,
            epochs=tuple(int(line["epoch"]) for line in lines),
            measures={key: tuple(line[key] for line in lines) for key in names},
            best_epoch=read_json(finished, "stage.json")["best_epoch"] if finished.is_file() else None,
        )
    except KeyError as error:
        raise UserError(
            f"a stage's log and its stage.json must be as `mmannot train` wrote them. "
            f"Received: {folder}, where {error} is lacking."
        ) from None


def _line(file: Path, number: int, text: str) -> Mapping[str, float]:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise UserError(
            f"a stage's log must hold JSON lines. Received: {file}:{number} ({error.msg})."
        ) from None
