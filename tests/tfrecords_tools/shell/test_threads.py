"""How many threads a process computes with: asked for, by the environment, or the cores it may use."""

import os
import subprocess
import sys

import pytest

from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.threads import VARIABLE, limit_threads, limits_threads, thread_count


@pytest.fixture(autouse=True)
def _unset(monkeypatch):
    monkeypatch.setenv(VARIABLE, "")


def test_as_many_as_the_cores_that_the_process_may_use():
    assert not limits_threads()
    assert thread_count() == len(os.sched_getaffinity(0))


def test_what_is_asked_for_counts():
    limit_threads(3)
    assert (thread_count(), limits_threads(), os.environ[VARIABLE]) == (3, True, "3")
    limit_threads(None)
    assert thread_count() == 3


@pytest.mark.parametrize("value", ["0", "-1", "two", "1.5"])
def test_other_values_are_refused(monkeypatch, value):
    monkeypatch.setenv(VARIABLE, value)
    with pytest.raises(UserError, match=rf"MMANNOT_THREADS must be a positive integer\. Received: {value}\."):
        thread_count()


@pytest.mark.exhaustive
def test_tensorflow_starts_so_many():
    """A new process, for TensorFlow's threads cannot be changed once it computes."""
    program = (
        "from tfrecords_tools.shell.tensorflow_logging import import_tensorflow; import_tensorflow()\n"
        "import tensorflow as tf; t = tf.config.threading\n"
        "print(t.get_intra_op_parallelism_threads(), t.get_inter_op_parallelism_threads())"
    )
    environment = {**os.environ, VARIABLE: "3"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=True)
    assert done.stdout.split() == [b"3", b"3"]
