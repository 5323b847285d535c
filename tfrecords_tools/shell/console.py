"""What both command lines share: exit codes, one-line errors, JSON, progress. No TensorFlow here."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tfrecords_tools.shell.errors import Stopped, UserError

if TYPE_CHECKING:
    from rich.progress import Progress

FAILED, WRONG_USAGE, INTERRUPTED = 1, 2, 130


def run(app: typer.Typer, argv: Sequence[str] | None = None) -> int:
    """Runs a command line and returns its exit status.

    Args:
        app: the command line.
        argv: its arguments without the program's name; None reads `sys.argv`.

    Returns:
        0 success, 1 a named failure (one line on stderr), 2 wrong usage, 130 interrupted, 143 terminated.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    command = typer.main.get_command(app)
    try:
        status = command.main(args=None if argv is None else list(argv), standalone_mode=False)
    except Stopped as stop:
        notice(str(stop))
        return stop.status
    except (KeyboardInterrupt, typer.Abort):
        status = INTERRUPTED
    except Exception as error:
        if not _by_interrupt(error):
            return _status_of(error)
        status = INTERRUPTED
    if status == INTERRUPTED:
        notice("interrupted: nothing half-done is left as whole; run the same command again")
    return status if isinstance(status, int) else 0


def _by_interrupt(error: BaseException | None) -> bool:
    """Whether an interrupt is behind an error: extension modules, while imported, make one of their own."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return True
        error = error.__cause__ or error.__context__
    return False


def _status_of(error: Exception) -> int:
    """Prints a failure with a name in one line, or a wrong usage; raises anything else again."""
    if isinstance(error, UserError):
        return _failed(str(error))
    if isinstance(error, OSError):
        return _failed(_cause(error))
    if hasattr(error, "exit_code") and hasattr(error, "show"):
        error.show()
        return error.exit_code
    raise error


def version_option(program: str) -> Any:
    """The type of a `--version` option that prints the program's name and version and exits."""

    def show(asked: bool) -> None:
        if asked:
            typer.echo(f"{program} {version('mmannot-tf')}")
            raise typer.Exit

    return Annotated[bool, typer.Option("--version", callback=show, is_eager=True, help="Show the version.")]


def _failed(text: str) -> int:
    notice("error: " + " ".join(text.split()))
    return FAILED


def _cause(error: OSError) -> str:
    files = " -> ".join(str(name) for name in (error.filename, error.filename2) if name is not None)
    reason = error.strerror or str(error) or type(error).__name__
    return f"{files}: {reason}" if files else reason


def notice(text: str) -> None:
    """Writes a line to stderr, where it cannot mix with a JSON document."""
    print(text, file=sys.stderr, flush=True)


def print_json(value: Any) -> None:
    """Writes `value` to stdout as one JSON document."""
    print(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False), flush=True)


@contextlib.contextmanager
def progress(unit: str = "images") -> Iterator[Progress]:
    """A Rich progress display on stderr: bar, count, rate and time left; silent where stderr is no terminal.

    Args:
        unit: what is counted, for the rate ("images/s").
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        """How fast the task goes."""

        def render(self, task: Task) -> Text:
            """`1,234 images/s`, or nothing before the first."""
            speed = task.finished_speed or task.speed
            return Text("" if speed is None else f"{speed:,.0f} {unit}/s")

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as display:
        yield display
