"""A run as a SavedModel that plain TensorFlow loads."""

import tempfile
from pathlib import Path

import tensorflow as tf

from mmannot_tf.serving.annotator_module import AnnotatorModule
from mmannot_tf.training.run import Run
from tfrecords_tools.errors import UserError
from tfrecords_tools.files import aside


def export(run: Run, out: Path) -> Path:
    """Writes the run's annotator to the folder `out`, replacing an export that lies there.

    Raises:
        UserError: a stage is missing, `out` holds something that is no export, or it cannot be written.
    """
    if out.exists() and not (out / "saved_model.pb").is_file() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(
            f"--out must be a new or empty folder, or an export. Received: {out}, which holds something else."
        )
    with tempfile.TemporaryDirectory() as assets:
        module = AnnotatorModule(run, Path(assets))
        try:
            with aside(out) as staging:
                tf.saved_model.save(module, str(staging), signatures={"serving_default": module.annotate})
        except tf.errors.OpError as error:
            raise UserError(f"The export must be writable. Received: {out}: {error.message}") from None
    return out
