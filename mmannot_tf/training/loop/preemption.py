"""SIGTERM (preemption) and SIGINT (Ctrl-C) during training: finish the step, save the stage, exit."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator

from tfrecords_tools.shell.errors import StoppedBySignal

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Signals:
    """Decides when a signal stops the training.

    By default a signal raises `StoppedBySignal` immediately, as Ctrl-C does in any Python program; no file is
    left half-written, because all files are written atomically. Within `deferred` it waits for the next
    `check`, so that the step is finished and the stage saved, except within `interruptible`.
    A second signal ends the process immediately, as if there were no handler. With several processes a signal
    always waits for the next `check`, because the other processes could not continue without this one.

    Attributes:
        received: the first signal's number, or None.
    """

    def __init__(self, agree: Callable[[bool], bool] | None = None):
        """Handles no signal yet: see `listening`.

        Args:
            agree: this process's flag → whether any process's flag is set. All processes call it at the same
                step, so that all stop there, whichever of them got the signal. None for a single process.
        """
        self.received: int | None = None
        self._agree = agree
        self._deferring = agree is not None

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Handles signals within the context; does nothing in other threads, where Python has no handlers."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._handle) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextlib.contextmanager
    def deferred(self, save: Callable[[], str]) -> Iterator[None]:
        """Makes signals wait for the next `check` or the end of the context; saves before it raises.

        Args:
            save: saves the stage; returns a phrase for the error message that says what is saved.

        Raises:
            StoppedBySignal: there was a signal. `save` has been called.
        """
        with self._set_deferring(True):
            try:
                yield
                self.check()
            except StoppedBySignal as stop:
                raise _stopped(stop.signal_number, save()) from None

    @contextlib.contextmanager
    def interruptible(self) -> Iterator[None]:
        """Lets a signal interrupt a long part that changes nothing to save.

        Raises:
            StoppedBySignal: a signal came, or was deferred.
        """
        with self._set_deferring(self._agree is not None):
            if not self._deferring:
                self.check()
            yield

    def check(self) -> None:
        """Stops if a signal was deferred, here or in another process.

        Raises:
            StoppedBySignal: there was a signal.
        """
        received = self.received is not None
        if self._agree(received) if self._agree else received:
            raise self._stop()

    @contextlib.contextmanager
    def _set_deferring(self, deferring: bool) -> Iterator[None]:
        before, self._deferring = self._deferring, deferring
        try:
            yield
        finally:
            self._deferring = before

    def _handle(self, number: int, _frame: object) -> None:
        self.received = number
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if not self._deferring:
            raise self._stop()

    def _stop(self) -> StoppedBySignal:
        saved = "finished stages and the last checkpoint are kept"
        return _stopped(self.received or signal.SIGTERM, saved)


def _stopped(number: int, saved: str) -> StoppedBySignal:
    name = signal.Signals(number).name
    text = f"interrupted by {name}: {saved}; run the same command to resume"
    return StoppedBySignal(text, signal_number=number)
