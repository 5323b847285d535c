"""`mmannot` in a process with an injected fault: `python victim.py '{"…": …}' train CONFIG …`.

The first argument is JSON:
    trace: a file that gets a line "STAGE STEP" at each step, before it is saved; steps count over epochs.
    place: when it happens: at the first step that is not before the so many-th of the run, from 0; steps
        taken twice count once. Null for never.
    do: what happens: "kill" (SIGKILL after `delay` seconds), "forbid" (the run becomes unwritable to this
        process), "nan" (the step's loss is not a number).
    changes: kill at the so many-th change of a file or folder of the run instead, counted from the start of
        the process.
    slow: seconds that every step takes longer.
"""

import functools
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree", "open"}
NOBODY = 65534


def kill(delay=0.0):
    """Kills the process from a thread, at any moment, in Python or in TensorFlow."""

    def at_once():
        time.sleep(delay)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=at_once, daemon=True).start()


def forbid(loop):
    """Makes the folder not writable; root drops its privileges."""
    if os.geteuid() == 0:
        os.seteuid(NOBODY)
    else:
        (loop.job.folder / "checkpoint").chmod(0o555)


def kill_at_change(number, below):
    """Kills this process at the `number`-th change below the folder."""
    left = iter(range(number))

    def watch(event, arguments):
        if event not in CHANGES or not str(arguments[0]).startswith(below):
            return
        if event == "open" and (not isinstance(arguments[1], str) or arguments[1] == "r"):
            return
        if next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)


def watcher(plan):
    """A hook after each step, which traces the step and injects the planned fault."""
    import tensorflow as tf

    path = Path(plan["trace"])
    taken = set(path.read_text().splitlines()) if path.exists() else set()
    trace = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def after_step(loop):
        number = int(loop.progress.epoch) * loop.job.steps + int(loop.progress.step)
        line = f"{loop.job.network.model.name} {number}"
        taken.add(line)
        os.write(trace, f"{line}\n".encode())
        time.sleep(plan.get("slow", 0.0))
        if len(taken) > plan.get("place", float("inf")):
            if plan["do"] == "kill":
                kill(plan.get("delay", 0.0))
            elif plan["do"] == "forbid":
                forbid(loop)
            elif plan["do"] == "nan":
                loop.guard.add(tf.constant(float("nan")))

    return after_step


def main():
    plan, sys.argv[1:] = json.loads(sys.argv[1]), sys.argv[2:]
    from mmannot_tf.cli.main import main as mmannot
    from tfrecords_tools.shell.tensorflow_logging import import_tensorflow

    import_tensorflow()

    from mmannot_tf.training import train

    train.train = functools.partial(train.train, after_step=watcher(plan))
    if "changes" in plan:
        kill_at_change(plan["changes"], str(Path(plan["trace"]).parent / "run"))
    user = os.geteuid()
    try:
        return mmannot()
    finally:
        os.seteuid(user)  # Python's own files are removed at its end


if __name__ == "__main__":
    sys.exit(main())
