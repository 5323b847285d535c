"""TensorFlow checkpoints, in today's format or the one before TensorFlow 0.12."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmannot_tf.weights.naming import Names
from tfrecords_tools.shell.errors import UserError

PARTS = re.compile(r"\.(index|meta|data-\d{5}-of-\d{5})$")
"""Endings of the files of one checkpoint; users name any of them."""

SLOTS = re.compile(
    r"(^|/)(global_step|val_step|avg|biased|local_step|beta[12]_power|Momentum|Adagrad|Adadelta(_1)?|Ftrl(_1)?"
    r"|RMSProp(_[1-3])?|Adam(_1)?|ExponentialMovingAverage)$"
)
"""Counters, running averages and optimizer slots: no weights."""

TABLE = bytes.fromhex("57fb808b247547db")
"""Last bytes of an .index file, and of a checkpoint in the older format: both are sorted tables."""


@dataclass(frozen=True)
class Checkpoint:
    """An opened checkpoint.

    Attributes:
        path: what the user gave, for errors.
        names: of all its tensors.
        read_tensor: reads the tensor of a name.
    """

    path: Path
    names: tuple[str, ...]
    read_tensor: Callable[[str], np.ndarray]

    def read(self, names: Names) -> dict[str, np.ndarray]:
        """Returns the tensors under our names.

        Raises:
            UserError: the checkpoint is damaged.
        """
        try:
            return {ours: self.read_tensor(theirs) for ours, theirs in names.theirs.items()}
        except _failures() as error:
            raise _broken(self.path, str(error)) from None


def open_checkpoint(path: Path) -> Checkpoint:
    """Opens a checkpoint by its prefix, or by one of its files.

    Raises:
        UserError: the checkpoint does not exist or cannot be read.
    """
    import tensorflow as tf

    prefix = path.with_name(PARTS.sub("", path.name))
    _check_table(path, prefix)
    try:
        reader = tf.train.load_checkpoint(str(prefix))
        return Checkpoint(path, tuple(sorted(reader.get_variable_to_shape_map())), reader.get_tensor)
    except _failures() as error:
        raise _broken(path, str(error)) from None


def _check_table(path: Path, prefix: Path) -> None:
    """Refuses other files before TensorFlow sees them and writes about them to stderr."""
    tables = [file for file in (Path(f"{prefix}.index"), prefix) if file.is_file()]
    if not tables:
        raise UserError(f"a TensorFlow checkpoint must exist. Received: {path}, which is none.")
    if not tables[0].read_bytes().endswith(TABLE):
        raise _broken(path, f"{tables[0].name} is cut or another kind of file")


def _failures() -> tuple[type[Exception], ...]:
    """What TensorFlow's reader raises for damaged files."""
    import tensorflow as tf

    return (tf.errors.OpError, RuntimeError, ValueError, IndexError, OSError)


def _broken(path: Path, cause: str) -> UserError:
    return UserError(
        "a TensorFlow checkpoint must be whole, its .index and .data files together. "
        f"Received: {path} ({' '.join(cause.split())})."
    )
