"""Shared by both command lines: exit codes, one-line errors, notices, JSON. Imports no TensorFlow."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

import typer

from tfrecords_tools.shell import interrupts
from tfrecords_tools.shell.errors import StoppedBySignal, UserError
from tfrecords_tools.shell.paths import shown

FAILED, INTERRUPTED = 1, 130


def run(app: typer.Typer, argv: Sequence[str] | None = None) -> int:
    """Runs a command line and returns its exit status.

    Args:
        app: the command line.
        argv: its arguments without the program's name; None reads `sys.argv`.

    Returns:
        0 success, 1 error of the user or of a file (one line on stderr), 2 wrong usage, 130 interrupted,
        143 terminated.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if sys.stdout is None:  # closed; a file that the command opens would take its place
        return _failed("stdout must be open. Received: a closed one. Send it to /dev/null to drop it.")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a name that is no UTF-8 must not end a command
    command = typer.main.get_command(app)
    arguments = [_with_home(argument) for argument in (sys.argv[1:] if argv is None else argv)]
    try:
        with interrupts.insisting() as interrupted:
            status = command.main(args=arguments, standalone_mode=False)
    except StoppedBySignal as stop:
        notice(str(stop))
        return stop.status
    except (KeyboardInterrupt, typer.Abort):
        status = INTERRUPTED
    except Exception as error:
        if not interrupted.is_cause(error):
            return _status_of(error)
        status = INTERRUPTED
    if status == INTERRUPTED:
        notice("interrupted: no file is left half-written; run the same command again")
    return status if isinstance(status, int) else 0


def _with_home(argument: str) -> str:
    """An argument `--option=~/path` with the home folder, which shells do not put in after an equals sign."""
    option, equals, value = argument.partition("=")
    if not equals or not option.startswith("--") or not (value == "~" or value.startswith("~/")):
        return argument
    return f"{option}={Path(value).expanduser()}"


def _status_of(error: Exception) -> int:
    """Prints an error of the user or of a file, or the usage; raises any other error again."""
    if isinstance(error, UserError):
        return _failed(str(error))
    if isinstance(error, OSError):
        return _failed(_cause(error))
    if isinstance(error, ValueError) and "null byte" in str(error):  # what Python says of "a\0b" as a path
        return _failed("the path of a file must hold no NUL character. Received: one with a NUL.")
    if hasattr(error, "exit_code") and hasattr(error, "show"):
        error.show()
        return error.exit_code
    raise error


def version_option(program: str) -> typer.models.OptionInfo:
    """A `--version` option that prints the program's name and version and exits."""

    def show(asked: bool) -> None:
        if asked:
            typer.echo(f"{program} {version('mmannot-tf')}")
            raise typer.Exit

    return typer.Option("--version", callback=show, is_eager=True, help="Show the version.")


def _failed(text: str) -> int:
    notice("error: " + " ".join(text.split()))
    return FAILED


def _cause(error: OSError) -> str:
    files = " -> ".join(str(name) for name in (error.filename, error.filename2) if name is not None)
    reason = error.strerror or str(error) or type(error).__name__
    return f"{files}: {reason}" if files else reason


def notice(text: str) -> None:
    """Writes a line to stderr, as `shown`, so that it does not mix with a JSON document on stdout."""
    print(shown(text), file=sys.stderr, flush=True)


def print_line(text: str) -> None:
    """Writes a line to stdout, as `shown`; for lines with names of files, labels or tags."""
    with _stdout_named():
        print(shown(text), flush=True)


def print_json(value: object) -> None:
    r"""Writes `value` to stdout as one JSON document.

    Where stdout cannot encode a character, such as a byte of a file name that is no UTF-8, JSON's own escapes
    (`\udcff`) stand for all characters beyond ASCII, so any reader of JSON gets the same text.
    """
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(value, indent=2, allow_nan=False)
    with _stdout_named():
        print(text, flush=True)


@contextlib.contextmanager
def _stdout_named() -> Iterator[None]:
    """Gives an error of writing, such as a full disk's, the name of stdout."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, "stdout") from None
