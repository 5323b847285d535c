"""Progress on stderr: bars on a terminal, lines elsewhere."""

import contextlib
import time
from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from tfrecords_tools.shell.console import notice

LINE_SECONDS = 30.0
"""How often a line is written where stderr is no terminal."""
_MINUTE, _HOUR = 60, 3600


class _Rate(ProgressColumn):
    """The speed of a task: `1,234 images/s`, empty before the first step."""

    def __init__(self, unit: str):
        super().__init__()
        self._unit = unit

    def render(self, task: Task) -> Text:
        """The text of the column."""
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.0f} {self._unit}/s")


class ProgressLines(Progress):
    """A display without bars, for a file or a pipe: each task writes a line every `LINE_SECONDS`.

    Shorter tasks write nothing. The rate is that of the time since the line before. The first step starts
    things up, which can take long, so a line after it alone says nothing of the time left.
    """

    def __init__(self, unit: str, console: Console):
        """`unit` is what is counted."""
        super().__init__(console=console, disable=True)
        self._unit = unit
        self._last: dict[TaskID, tuple[float, float]] = {}
        self._begun: set[TaskID] = set()

    def add_task(self, *args: Any, **kwargs: Any) -> TaskID:
        """Adds a task as `Progress.add_task` does; its first line is due after `LINE_SECONDS`."""
        task = super().add_task(*args, **kwargs)
        self._last[task] = (time.monotonic(), self.tasks[-1].completed)
        return task

    def update(self, task_id: TaskID, **kwargs: Any) -> None:
        """Updates a task as `Progress.update` does, and writes a line if one is due."""
        super().update(task_id, **kwargs)
        self._write_due(task_id)

    def advance(self, task_id: TaskID, advance: float = 1) -> None:
        """Advances a task, and writes a line if one is due."""
        super().advance(task_id, advance)
        self._write_due(task_id)

    def _write_due(self, task_id: TaskID) -> None:
        now, (before, completed) = time.monotonic(), self._last[task_id]
        is_first = task_id not in self._begun
        self._begun.add(task_id)
        if now - before < LINE_SECONDS:
            return
        task = next(task for task in self.tasks if task.id == task_id)
        self._last[task_id] = (now, task.completed)
        notice(self._line(task, (task.completed - completed) / (now - before), says_left=not is_first))

    def _line(self, task: Task, rate: float, *, says_left: bool) -> str:
        if task.total is None:
            return f"{task.description}: {task.completed:,.0f} {self._unit}, {_rounded(rate)} {self._unit}/s"
        seconds = (task.total - task.completed) / rate if says_left and rate > 0 else None
        left = "" if seconds is None else f", {duration(seconds)} left"
        return (
            f"{task.description}: {task.completed:,.0f} of {task.total:,.0f} {self._unit}, "
            f"{_rounded(rate)} {self._unit}/s{left}"
        )


def _rounded(rate: float) -> str:
    return f"{rate:.1f}" if rate < 100 else f"{rate:,.0f}"


def duration(seconds: float) -> str:
    """A time in words: "40 s", "12 min", "3 h 5 min"."""
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    minutes = round(seconds / _MINUTE)
    return f"{minutes} min" if seconds < _HOUR else f"{minutes // 60} h {minutes % 60} min"


@contextlib.contextmanager
def progress_bars(unit: str = "images") -> Iterator[Progress]:
    """Shows progress on stderr with count, rate and time left: bars on a terminal, else lines.

    Args:
        unit: what is counted, shown in the rate ("images/s").
    """
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(unit),
        TimeRemainingColumn(),
    )
    display = Progress(*columns, console=console) if console.is_terminal else ProgressLines(unit, console)
    with display:
        yield display
