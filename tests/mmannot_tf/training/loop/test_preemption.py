import os
import re
import signal
import threading
from pathlib import Path

import numpy as np
import pytest

from mmannot_tf.training.loop.loop import Loop
from mmannot_tf.training.loop.preemption import Signals
from tfrecords_tools.shell.errors import StoppedBySignal

STATUS = {signal.SIGTERM: 143, signal.SIGINT: 130}


def _send(number=signal.SIGTERM):
    """Sends a signal to this process, which would end without a handler, and lets Python handle it."""
    status = Path("/proc/self/status")
    caught = re.search(r"SigCgt:\s*(\w+)", status.read_text()) if status.exists() else None
    assert caught is None or int(caught[1], 16) >> number - 1 & 1, "no handler is set"
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", STATUS)
def test_a_signal_waits_for_the_end_of_the_step_and_what_it_saves_is_told(number):
    signals, done = Signals(), []

    def save():
        done.append("saved")
        return "cnn is saved"

    with (
        pytest.raises(StoppedBySignal, match="run the same command") as end,
        signals.listening(),
        signals.deferred(save),
    ):
        _send(number)
        done.append("step")
        signals.check()
    assert done == ["step", "saved"]
    assert f"interrupted by {signal.Signals(number).name}: cnn is saved" in str(end.value)
    assert end.value.status == STATUS[number]


def test_a_signal_after_the_last_step_is_obeyed_at_the_end():
    signals = Signals()
    with (
        signals.listening(),
        pytest.raises(StoppedBySignal, match="all is saved"),
        signals.deferred(lambda: "all is saved"),
    ):
        _send()


@pytest.mark.parametrize("early", [True, False])
def test_in_a_released_part_it_does_not_wait(early):
    signals, done = Signals(), []
    with (
        signals.listening(),
        pytest.raises(StoppedBySignal, match="saved"),
        signals.deferred(lambda: "saved"),
    ):
        if early:
            _send()
            done.append("waited")
        with signals.interruptible():
            _send()
            done.append("validated")
    assert done == (["waited"] if early else [])


def test_elsewhere_it_is_obeyed_where_it_comes():
    with Signals().listening(), pytest.raises(StoppedBySignal, match="last checkpoint are kept"):
        _send()
        pytest.fail("must not be reached")


def test_after_the_first_signal_the_second_ends_at_once():
    signals = Signals()
    with (
        signals.listening(),
        pytest.raises(KeyboardInterrupt),
        signals.deferred(lambda: pytest.fail("saved")),
    ):
        _send(signal.SIGTERM)
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
        _send(signal.SIGINT)


def test_the_handlers_of_before_are_put_back():
    before = [signal.getsignal(number) for number in STATUS]
    signals = Signals()
    with pytest.raises(StoppedBySignal), signals.listening():
        assert signal.getsignal(signal.SIGTERM) not in before
        _send()
    assert [signal.getsignal(number) for number in STATUS] == before


def test_in_another_thread_nothing_is_handled():
    before, seen = signal.getsignal(signal.SIGTERM), []

    def listen():
        with Signals().listening():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=listen)
    thread.start()
    thread.join()
    assert seen == [before]


def test_one_process_of_several_stops_when_any_has_the_signal_and_never_alone():
    flags = iter([False, True])
    signals, done = Signals(agree=lambda mine: mine and next(flags)), []
    with signals.listening():
        _send(signal.SIGINT)
        with pytest.raises(StoppedBySignal, match="SIGINT: saved"), signals.deferred(lambda: "saved"):
            with signals.interruptible():
                done.append("validated")
            signals.check()
            done.append("a step more")
            signals.check()
    assert done == ["validated", "a step more"]
    with pytest.raises(StoppedBySignal, match="SIGTERM"):
        Signals(agree=lambda _: True).check()


@pytest.mark.parametrize("stop_at", [1, 3, 4, 6, "validation"])
def test_a_stage_that_a_signal_stopped_goes_on_to_the_same_bits(stage_job, stop_at):
    whole = stage_job("whole")
    Loop(whole).run()

    def judged():
        if stop_at == "validation":
            _send()
        return {"image_f1": 1.0}, 1.0

    signals = Signals()
    quiet = whole.training.model_copy(update={"checkpoint_seconds": 1e6})
    taken = iter(range(1, 100))

    def after_step(_):
        if next(taken) == stop_at:
            _send()

    stopped = stage_job("stopped", signals=signals, validate=judged, training=quiet, after_step=after_step)
    with (
        signals.listening(),
        pytest.raises(StoppedBySignal, match=r"classifier is saved after . epochs? and"),
    ):
        Loop(stopped).run()
    resumed = stage_job("stopped")
    assert Loop(resumed).run() == {"best_epoch": 1, "best_score": 1.0}
    pairs = zip(resumed.network.model.get_weights(), whole.network.model.get_weights(), strict=True)
    assert all(np.array_equal(*pair) for pair in pairs)
    files = [job.folder / "weights" / "classifier.weights.h5" for job in (resumed, whole)]
    assert files[0].read_bytes() == files[1].read_bytes()
