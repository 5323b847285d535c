"""Silences the start-up messages of TensorFlow and the progress output of TFDS."""

import contextlib
import io
import os
import sys
from collections.abc import Iterator


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

    Command lines call it before they start work. Errors of the import still raise.
    """
    if "tensorflow" in sys.modules:
        return
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 (a device, by its file descriptor)
            os.dup2(nowhere.fileno(), 2)
        import tensorflow as tf

        tf.get_logger().setLevel("ERROR")  # no warning about retracing: each head is traced once
    finally:
        os.dup2(kept, 2)
        os.close(kept)
