"""One process of several that finds another gone: a line that says so, in place of TensorFlow's report."""

import contextlib
from collections.abc import Iterator

import tensorflow as tf

from tfrecords_tools.errors import UserError

ABORTED = "Collective ops is aborted"
"""How TensorFlow's collective operations begin the message of whatever error ends them."""


@contextlib.contextmanager
def told_in_one_line(processes: int) -> Iterator[None]:
    """Around all that the processes compute together.

    Args:
        processes: how many there are; for one, no error is touched.

    Raises:
        UserError: another process has ended or cannot be reached.
    """
    try:
        yield
    except tf.errors.OpError as error:
        lost = isinstance(error, tf.errors.UnavailableError) or ABORTED in error.message
        if processes == 1 or not lost:
            raise
        raise UserError(
            f"All {processes} processes must go on. Received: {_cause(error.message)}. Another process "
            "ended: its own output says why. Start all of them again: they go on from the last checkpoint."
        ) from None


def _cause(message: str) -> str:
    """The line of TensorFlow's report that names the cause."""
    lines = [line.strip() for line in message.splitlines()]
    return next((line for line in lines if ABORTED in line), lines[0]).rstrip(".")
