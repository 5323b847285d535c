"""What a stage tells while it trains: a progress bar, a JSON-lines log, TensorBoard."""

import json
import time
from collections.abc import Mapping
from pathlib import Path

import tensorflow as tf
from rich.progress import Progress

from tfrecords_tools.shell.files import write_text

LOOK_EVERY_SECONDS = 1.0


class StageLog:
    """The log of one stage.

    Attributes:
        folder: the stage's; log.jsonl and tensorboard/ are written below it.
    """

    def __init__(self, folder: Path, *, name: str, epochs: int, steps: int, batch_size: int, bars: Progress):
        """Opens the log; `bars` is the running rich progress display."""
        self.folder = folder
        self._name, self._epochs, self._steps, self._batch_size = name, epochs, steps, batch_size
        self._bars = bars
        self._task = bars.add_task(name, total=epochs * steps * batch_size)
        self._summary = tf.summary.create_file_writer(str(folder / "tensorboard"))
        self._done = 0
        self._looked = time.monotonic()

    def resumed(self, epoch: int, step: int) -> None:
        """Goes on after `epoch` whole epochs and `step` steps: later lines of the log are taken back."""
        self._done = epoch * self._steps
        lines = self._lines()[:epoch]
        write_text(self.folder / "log.jsonl", "".join(lines))
        self._bars.update(self._task, completed=(self._done + step) * self._batch_size)
        self._bars.console.print(
            f"{self._name}: resumed in epoch {epoch + 1} after {step} of {self._steps} steps",
            soft_wrap=True,
        )

    def step(self, step: int) -> bool:
        """Notes that `step` steps of the epoch are done; True when it is time to look at the loss."""
        now = time.monotonic()
        if now - self._looked < LOOK_EVERY_SECONDS:
            return False
        self._looked = now
        self._bars.update(self._task, completed=(self._done + step) * self._batch_size)
        return True

    def epoch(self, epoch: int, measures: Mapping[str, float], *, images_per_second: float) -> None:
        """Notes a finished epoch (counted from 1) with its loss and validation measures."""
        line = {"stage": self._name, "epoch": epoch, **measures, "images_per_second": images_per_second}
        if epoch == 1:
            (self.folder / "log.jsonl").unlink(missing_ok=True)
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        with self._summary.as_default(step=epoch):
            for name, value in measures.items():
                tf.summary.scalar(name, value)
        self._summary.flush()
        self._done = epoch * self._steps
        self._bars.update(self._task, completed=self._done * self._batch_size)
        told = "  ".join(f"{name} {value:.3f}" for name, value in measures.items())
        self._bars.console.print(
            f"{self._name} {epoch}/{self._epochs}  {told}  {images_per_second:,.0f} images/s",
            soft_wrap=True,
        )

    def close(self) -> None:
        """Takes the bar away and closes the TensorBoard file."""
        self._bars.remove_task(self._task)
        self._summary.close()

    def _lines(self) -> list[str]:
        file = self.folder / "log.jsonl"
        return file.read_text(encoding="utf-8").splitlines(keepends=True) if file.exists() else []


class SilentLog(StageLog):
    """The log of a process that is not the chief: it writes and shows nothing, and looks as often."""

    def __init__(self, *_: object, **__: object):
        """Takes what `StageLog` takes."""
        self._looked = time.monotonic()

    def resumed(self, epoch: int, step: int) -> None:
        """Says nothing."""

    def step(self, step: int) -> bool:
        """True when it is time to look at the loss."""
        now = time.monotonic()
        due = now - self._looked >= LOOK_EVERY_SECONDS
        if due:
            self._looked = now
        return due

    def epoch(self, epoch: int, measures: Mapping[str, float], *, images_per_second: float) -> None:
        """Says nothing."""

    def close(self) -> None:
        """Has nothing open."""
