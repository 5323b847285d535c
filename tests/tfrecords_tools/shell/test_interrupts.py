import signal
import threading
import time

import pytest
import typer

from tfrecords_tools.shell import interrupts
from tfrecords_tools.shell.console import INTERRUPTED, run


def status_of(body) -> int:
    app = typer.Typer()
    app.command()(body)
    return run(app, [])


def lose_an_interrupt() -> None:
    """As an extension module does that calls `PyObject_HasAttr`."""

    class Any:
        def __getattr__(self, name: str) -> None:
            signal.raise_signal(signal.SIGINT)

    try:
        _ = Any().name
    except KeyboardInterrupt:
        return


def test_a_lost_interrupt_comes_again(capsys):
    def body() -> None:
        lose_an_interrupt()
        time.sleep(30)

    begun = time.monotonic()
    assert status_of(body) == INTERRUPTED
    assert time.monotonic() - begun < 10
    assert capsys.readouterr().err.startswith("interrupted")


def test_it_comes_until_it_is_not_lost():
    def body() -> None:
        for _ in range(3):
            try:
                lose_an_interrupt()
                time.sleep(30)
            except KeyboardInterrupt:
                continue
        time.sleep(30)

    begun = time.monotonic()
    assert status_of(body) == INTERRUPTED
    assert time.monotonic() - begun < 15


def test_an_error_in_place_of_the_interrupt_is_an_interrupt(capsys):
    def body() -> None:
        lose_an_interrupt()
        raise AttributeError("'list' object has no attribute '_type_spec'")

    assert status_of(body) == INTERRUPTED
    assert capsys.readouterr().err.startswith("interrupted")


def test_cleaning_up_is_not_interrupted_again():
    cleaned = []

    def body() -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            time.sleep(3 * interrupts.AGAIN_SECONDS)
            cleaned.append(True)

    assert status_of(body) == INTERRUPTED
    assert cleaned == [True]


def test_handlers_and_timer_are_as_before_afterwards():
    numbers = (signal.SIGINT, signal.SIGALRM)
    before = [signal.getsignal(number) for number in numbers]
    with pytest.raises(KeyboardInterrupt), interrupts.insisting():
        assert signal.getsignal(signal.SIGINT) != before[0]
        signal.raise_signal(signal.SIGINT)
    assert [signal.getsignal(number) for number in numbers] == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_a_handler_of_the_caller_and_other_threads_keep_their_way():
    def own(*_: object) -> None:
        """Handles the signal."""

    before = signal.signal(signal.SIGINT, own)
    try:
        with interrupts.insisting():
            assert signal.getsignal(signal.SIGINT) is own
    finally:
        signal.signal(signal.SIGINT, before)
    entered = []

    def enter() -> None:
        with interrupts.insisting() as seen:
            entered.append(seen.received)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert entered == [False]
