"""Keeps TensorFlow's and TFDS' chatter off the terminal: stdout is for results, stderr for news."""

import contextlib
import io
import os
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def quiet_tfds() -> Iterator[None]:
    """TFDS draws no bars, prints nothing to stdout and logs errors only."""
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
    """Imports TensorFlow with file descriptor 2 closed to it: its C++ start-up lines obey no log level.

    For command lines, before they start work. Errors of the import itself still raise.
    """
    if "tensorflow" in sys.modules:
        return
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 (a device, by its file descriptor)
            os.dup2(nowhere.fileno(), 2)
        import tensorflow as tf

        tf.get_logger().setLevel(
            "ERROR"
        )  # no advice about retracing: each head is traced once, and there are several
    finally:
        os.dup2(kept, 2)
        os.close(kept)
