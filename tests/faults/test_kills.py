"""SIGKILL at any moment: after the same command, the run has the bits of a run without faults."""

import random
import signal

import pytest

pytestmark = [pytest.mark.faults, pytest.mark.exhaustive]

KILLS, AT_CHANGES = 30, 10
LATEST = 0.4
"""Seconds after a step that it may come: into a save, validation, features or the next stage."""
METHOD = ("--methods", "cnn_logistic")


def _moments(steps: int, draw: random.Random) -> list[dict]:
    """Random steps in order, each with a random delay, and changes of files in between.

    The steps after the last one take longer than LATEST.
    """
    at_steps = sorted(draw.sample(range(steps - 8), KILLS - AT_CHANGES))
    moments = [{"place": place, "do": "kill", "delay": draw.uniform(0.0, LATEST)} for place in at_steps]
    for place in sorted(draw.sample(range(len(moments)), AT_CHANGES), reverse=True):
        moments.insert(place, {"changes": draw.randint(1, 60)})
    return moments


def test_thirty_kills_over_all_stages_lose_a_step_each_at_most(rig, untouched, row):
    struck = set()
    for number, moment in enumerate(_moments(len(untouched.steps()), random.Random(7))):
        before = rig.repeated()
        status, told = rig.done(*METHOD, **moment)
        assert status == -signal.SIGKILL, (number, moment, told)
        assert rig.repeated() - before <= 1, (number, moment)
        struck.add(rig.steps()[-1].split()[0] if rig.steps() else "start")
    status, told = rig.done(*METHOD)
    assert status == 0, told
    assert rig.result() == untouched.result()
    row(
        "SIGKILL at random moments, a checkpoint after each step",
        how=f"{KILLS - AT_CHANGES} up to {LATEST} s after a random step, {AT_CHANGES} at a random change "
        f"of a file or folder; in {', '.join(sorted(struck))}",
        times=KILLS,
        lost=f"{rig.repeated()} steps in all, never more than 1",
        recovered="bit for bit",
    )


def test_a_kill_loses_no_more_than_the_checkpoint_interval(rig, untouched, row):
    interval, slow, struck = 0.3, 0.1, 9
    options = ("--stages", "cnn", "--set", f"training.checkpoint_seconds={interval}")
    status, _ = rig.done(*options, place=struck, do="kill", slow=slow)
    assert status == -signal.SIGKILL
    assert rig.done(*options)[0] == 0
    assert rig.result("cnn") == untouched.result("cnn")
    assert rig.repeated() * slow <= interval + slow
    row(
        f"SIGKILL with `checkpoint_seconds = {interval}`",
        how=f"after {struck} steps, each slowed down to {slow} s and more",
        times=1,
        lost=f"{rig.repeated()} steps, {rig.repeated() * slow:.1f} s of their slowness",
        recovered="bit for bit",
    )
