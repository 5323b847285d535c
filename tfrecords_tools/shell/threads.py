"""How many threads a process computes with."""

import os

from tfrecords_tools.shell.errors import UserError

VARIABLE = "MMANNOT_THREADS"
"""The environment variable that says so; processes that are started later read it, too."""


def thread_count() -> int:
    """Returns what `MMANNOT_THREADS` says; without it, the number of cores that this process may use.

    Raises:
        UserError: the variable is no positive integer.
    """
    given = os.environ.get(VARIABLE, "")
    if not given:
        return usable_cores()
    if not given.isdecimal() or not int(given):
        raise UserError(f"{VARIABLE} must be a positive integer. Received: {given}.")
    return int(given)


def limits_threads() -> bool:
    """Whether `MMANNOT_THREADS` is set."""
    return bool(os.environ.get(VARIABLE))


def limit_threads(number: int | None) -> None:
    """Sets `MMANNOT_THREADS`, for the engines and pools that are made after it; None leaves it as it is."""
    if number is not None:
        os.environ[VARIABLE] = str(number)


def usable_cores() -> int:
    """Returns the number of cores that the process may run on, such as a batch system assigns."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
