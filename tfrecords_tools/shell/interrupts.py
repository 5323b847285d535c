"""Ctrl-C that no extension module can lose."""

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType

AGAIN_SECONDS = 0.5
"""How long after an interrupt, and how often from then on, we look whether it was lost."""


class Interrupts:
    """The interrupts that `insisting` has seen.

    Attributes:
        received: whether there was one.
    """

    def __init__(self) -> None:
        self.received = False

    def is_cause(self, error: BaseException | None) -> bool:
        """Whether an interrupt caused the error; an extension module may raise its own in place of it."""
        return self.received or _has_interrupt(error)


@contextlib.contextmanager
def insisting() -> Iterator[Interrupts]:
    """Raises KeyboardInterrupt for Ctrl-C, and again if it is lost.

    Code in C that calls Python may drop the exception and go on: `PyObject_HasAttr` does, and TensorFlow's
    `nest` uses it. So a timer starts with the first interrupt. Each time it ends, KeyboardInterrupt is raised
    once more, unless the program is cleaning up after the one before: then it is the exception being handled.

    Leaves SIGINT alone outside of the main thread, and where the caller handles it.

    Example:
        >>> with insisting() as interrupts:
        ...     interrupts.received
        False
    """
    interrupts = Interrupts()

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        interrupts.received = True
        signal.setitimer(signal.ITIMER_REAL, AGAIN_SECONDS, AGAIN_SECONDS)
        raise KeyboardInterrupt

    def insist(_number: int, _frame: FrameType | None) -> None:
        if not _has_interrupt(sys.exception()):
            raise KeyboardInterrupt

    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield interrupts
        return
    signal.signal(signal.SIGINT, interrupt)
    before = signal.signal(signal.SIGALRM, insist)
    try:
        yield interrupts
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _has_interrupt(error: BaseException | None) -> bool:
    seen: list[BaseException] = []
    while error is not None and not any(error is known for known in seen):  # it may be its own cause
        if isinstance(error, KeyboardInterrupt):
            return True
        seen.append(error)
        error = error.__cause__ or error.__context__
    return False
