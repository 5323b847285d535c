"""SIGTERM (preemption) and SIGINT (Ctrl-C) while training: finish the step, save the stage, end."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator

from tfrecords_tools.shell.errors import Stopped

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Signals:
    """Whether a signal has asked for the end, and when it may be obeyed.

    By default it is obeyed where it comes, as Ctrl-C is in any Python program: all files are written aside
    and renamed, so nothing half-done is left as whole. Within `saving` it waits for the next `check`, so that
    a step is finished and the stage saved; but not in `released` parts, which change nothing to be saved.
    A second signal ends the process at once, as if there were no handler. In one process of several a signal
    always waits for the next `check`: the others could not go on without it.

    Attributes:
        received: the first signal's number, or None.
    """

    def __init__(self, agree: Callable[[bool], bool] | None = None):
        """Listens to nothing yet: see `listening`.

        Args:
            agree: one process's flag → whether any process's is up; all processes call it at the same step,
                so that all stop after it, whichever of them the signal reached. None for a process alone.
        """
        self.received: int | None = None
        self._agree = agree
        self._waits = agree is not None

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Handles the signals within; does nothing outside the main thread, where Python has no handlers."""
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
    def saving(self, save: Callable[[], str]) -> Iterator[None]:
        """Signals wait within; when one is obeyed, `save` is called and says what is saved.

        Raises:
            Stopped: after saving.
        """
        with self._waiting(True):
            try:
                yield
                self.check()
            except Stopped as stop:
                raise _stopped(stop.signal_number, save()) from None

    @contextlib.contextmanager
    def released(self) -> Iterator[None]:
        """Within: long work that changes nothing to be saved, where a signal need not wait.

        Raises:
            Stopped: one came, or had come.
        """
        with self._waiting(self._agree is not None):
            if not self._waits:
                self.check()
            yield

    def check(self) -> None:
        """Obeys a signal that waited, here or in another process.

        Raises:
            Stopped: there was one.
        """
        asked = self.received is not None
        if self._agree(asked) if self._agree else asked:
            raise self._stop()

    @contextlib.contextmanager
    def _waiting(self, waits: bool) -> Iterator[None]:
        before, self._waits = self._waits, waits
        try:
            yield
        finally:
            self._waits = before

    def _handle(self, number: int, _frame: object) -> None:
        self.received = number
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if not self._waits:
            raise self._stop()

    def _stop(self) -> Stopped:
        kept = "finished stages and the last checkpoint are kept"
        return _stopped(self.received or signal.SIGTERM, kept)


def _stopped(number: int, kept: str) -> Stopped:
    name = signal.Signals(number).name
    text = f"interrupted by {name}: {kept}; the same command goes on from there"
    return Stopped(text, signal_number=number)
