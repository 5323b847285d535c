"""stage.json, which marks a stage as finished, and the weights that it vouches for. No TensorFlow."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NotRequired, TypedDict

from mmannot_tf.runs.run import Run
from mmannot_tf.weights.hdf5 import check_self_contained
from tfrecords_tools.shell.documents import damaged, read_document, write_document
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import digest, sha256_once

FILE = "stage.json"
WHAT = "A stage's stage.json"


class Outcome(TypedDict):
    """What training a stage returns: the epoch of the kept weights, from 1, and its validation score."""

    best_epoch: int
    best_score: NotRequired[float]


@dataclass(frozen=True, kw_only=True)
class StageRecord:
    """The document stage.json.

    Attributes:
        stage: its name.
        best_epoch: the epoch of the kept weights, counted from 1.
        best_score: its validation score.
        made_from: everything that the weights depend on, by name.
        weights: the SHA-256 of each file of weights, by its name.
        digest: of `made_from` and `weights`.
    """

    stage: str
    best_epoch: int
    best_score: float | None = None
    made_from: Mapping[str, object]
    weights: Mapping[str, str]
    digest: str


def write_record(run: Run, record: StageRecord) -> None:
    """Writes stage.json: from now on the stage is finished."""
    write_document(run.stage(record.stage) / FILE, record)


def read_record(run: Run, name: str) -> StageRecord | None:
    """Reads a stage's stage.json; None where the stage is not finished.

    Raises:
        UserError: stage.json is not as it was written.
    """
    file = run.stage(name) / FILE
    if not file.exists():
        return None
    remedy = _remedy(run, name)
    record = read_document(file, StageRecord, what=WHAT, remedy=remedy)
    if record.digest != digest([record.made_from, record.weights]):
        raise damaged(file, WHAT, "its content differs from its digest", remedy)
    if record.stage != name:
        raise damaged(file, WHAT, f"it is of the stage {record.stage}", remedy)
    return record


def verified_weights(run: Run, name: str, branch: str) -> Path:
    """The file of a branch's weights that a finished stage trained, compared with its digest.

    The digest is computed once in a process. Call this before weights are loaded.

    Raises:
        UserError: the stage is not finished, or the file is missing, changed or reads other files.
    """
    record, file = read_record(run, name), run.weights(name, branch)
    if record is None:
        raise UserError(f"Stage {name} must be trained. Received: {run.path}, where it is not finished.")
    check_weights_file(run, record, file)
    check_self_contained(file)
    return file


def check_weights_file(run: Run, record: StageRecord, file: Path) -> None:
    """Compares a file of a finished stage's weights with the digest in stage.json.

    Raises:
        UserError: the file is missing or was changed after training.
    """
    if not file.is_file() or sha256_once(file) != record.weights.get(file.name):
        raise UserError(
            f"A finished stage's weights must be as they were trained. Received: {file}, missing or "
            f"changed. {_remedy(run, record.stage)}"
        )


def _remedy(run: Run, name: str) -> str:
    return f"Delete {run.stage(name)} to train the stage again."
