"""Imports TensorFlow for a command line, and silences what it and TFDS print."""

import contextlib
import io
import os
import sys
from collections.abc import Iterator

from tfrecords_tools.shell.threads import limits_threads, thread_count


@contextlib.contextmanager
def quiet_tfds() -> Iterator[None]:
    """Keeps TFDS from drawing bars, printing to stdout and logging anything but errors."""
    import tensorflow_datasets as tfds
    from absl import logging

    verbosity = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    tfds.display_progress_bar(enable=False)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        tfds.display_progress_bar(enable=True)
        logging.set_verbosity(verbosity)


def import_tensorflow() -> None:
    """Imports TensorFlow with stderr redirected: its C++ start-up messages obey no log level.

    Command lines call it before they start work, while no other thread writes to stderr. `MMANNOT_THREADS`
    limits TensorFlow's threads. Errors of the import still raise.
    """
    if "tensorflow" in sys.modules:
        return
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 (a device, by its file descriptor)
            os.dup2(nowhere.fileno(), 2)
        import_tensorflow_late()
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def import_tensorflow_late() -> None:
    """The same while other threads work: stderr stays, with some messages of TensorFlow."""
    if "tensorflow" in sys.modules:
        return
    import tensorflow as tf

    tf.get_logger().setLevel("ERROR")  # no warning about retracing: each head is traced once
    if limits_threads():
        tf.config.threading.set_intra_op_parallelism_threads(thread_count())
        tf.config.threading.set_inter_op_parallelism_threads(thread_count())
