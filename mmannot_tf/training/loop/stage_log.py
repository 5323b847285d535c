"""The log of a stage while it trains: a progress bar, a JSON-lines file, TensorBoard."""

import json
import time
from collections.abc import Mapping
from pathlib import Path

import tensorflow as tf
from rich.progress import Progress

from tfrecords_tools.shell.console import notice
from tfrecords_tools.shell.counted import counted
from tfrecords_tools.shell.files import errors_named, write_text

REFRESH_SECONDS = 1.0
"""How often the progress bar is updated and the losses are checked (ours)."""


class StageLog:
    """The log of one stage.

    Attributes:
        folder: of the stage; it receives log.jsonl and tensorboard/.
    """

    def __init__(self, folder: Path, *, name: str, epochs: int, steps: int, batch_size: int, bars: Progress):
        """Opens the log; `bars` is the running rich progress display."""
        self.folder = folder
        self._name, self._epochs, self._steps, self._batch_size = name, epochs, steps, batch_size
        self._bars = bars
        self._task = bars.add_task(name, total=epochs * steps * batch_size)
        self._summary = tf.summary.create_file_writer(str(folder / "tensorboard"))
        self._done = 0
        self._refreshed = time.monotonic()

    def resumed(self, epoch: int, step: int) -> None:
        """Continues after `epoch` whole epochs and `step` steps; removes later and damaged lines."""
        self._done = epoch * self._steps
        lines = self._lines()[:epoch]
        whole = [line for line in lines if _is_whole(line)]
        if len(whole) < len(lines):
            notice(
                f"{self._file}: damaged; {counted(len(lines) - len(whole), 'line is', 'lines are')} removed"
            )
        write_text(self._file, b"".join(whole).decode())
        self._bars.update(self._task, completed=(self._done + step) * self._batch_size)
        self._bars.console.print(
            f"{self._name}: resumed in epoch {epoch + 1} after {step} of {counted(self._steps, 'step')}",
            soft_wrap=True,
        )

    def step(self, step: int) -> bool:
        """Reports the number of steps in the epoch; returns True when it is time to check the losses."""
        now = time.monotonic()
        if now - self._refreshed < REFRESH_SECONDS:
            return False
        self._refreshed = now
        self._bars.update(self._task, completed=(self._done + step) * self._batch_size)
        return True

    def epoch(self, epoch: int, measures: Mapping[str, float], *, images_per_second: float) -> None:
        """Logs a finished epoch (counted from 1) with its loss and validation measures."""
        line = {"stage": self._name, "epoch": epoch, **measures, "images_per_second": images_per_second}
        if epoch == 1:
            self._file.unlink(missing_ok=True)
        with errors_named(self._file), self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        with self._summary.as_default(step=epoch):
            for name, value in measures.items():
                tf.summary.scalar(name, value)
        self._summary.flush()
        self._done = epoch * self._steps
        self._bars.update(self._task, completed=self._done * self._batch_size)
        values = "  ".join(f"{name} {value:.3f}" for name, value in measures.items())
        self._bars.console.print(
            f"{self._name} {epoch}/{self._epochs}  {values}  {images_per_second:,.0f} images/s",
            soft_wrap=True,
        )

    def stopped(self, epoch: int, best_epoch: int) -> None:
        """Reports that the stage ends after `epoch` epochs, because none after `best_epoch` was better."""
        self._bars.console.print(
            f"{self._name}: stopped after {epoch} of {counted(self._epochs, 'epoch')}; epoch {best_epoch} is "
            "the best",
            soft_wrap=True,
        )

    def close(self) -> None:
        """Removes the progress bar and closes the TensorBoard file."""
        self._bars.remove_task(self._task)
        self._summary.close()

    @property
    def _file(self) -> Path:
        return self.folder / "log.jsonl"

    def _lines(self) -> list[bytes]:
        return self._file.read_bytes().splitlines(keepends=True) if self._file.exists() else []


def _is_whole(line: bytes) -> bool:
    """Whether a line of the log is a JSON object."""
    try:
        return isinstance(json.loads(line), dict) and line.endswith(b"\n")
    except (ValueError, RecursionError):
        return False


class SilentLog(StageLog):
    """The log of a process that is not the chief: it writes and shows nothing, but keeps the same pace."""

    def __init__(self, *_: object, **__: object):
        """Takes the arguments of `StageLog`."""
        self._refreshed = time.monotonic()

    def resumed(self, epoch: int, step: int) -> None:
        """Does nothing."""

    def step(self, step: int) -> bool:
        """Returns True when it is time to check the losses."""
        now = time.monotonic()
        due = now - self._refreshed >= REFRESH_SECONDS
        if due:
            self._refreshed = now
        return due

    def epoch(self, epoch: int, measures: Mapping[str, float], *, images_per_second: float) -> None:
        """Does nothing."""

    def stopped(self, epoch: int, best_epoch: int) -> None:
        """Does nothing."""

    def close(self) -> None:
        """Does nothing."""
