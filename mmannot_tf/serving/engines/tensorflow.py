"""TensorFlow on a SavedModel, or on a run."""

from pathlib import Path
from typing import Any

import tensorflow as tf

from mmannot_tf.serving.annotator_module import AnnotatorModule
from mmannot_tf.serving.model import SAVED_MODEL_FILE
from mmannot_tf.serving.network import NetworkInputs, NetworkOutputs
from tfrecords_tools.shell.errors import UserError

FILE = SAVED_MODEL_FILE


def write(module: AnnotatorModule, folder: Path) -> None:
    """Writes the SavedModel with all its signatures."""
    tf.saved_model.save(module, str(folder), signatures=module.signatures_by_name)


class TensorFlowEngine:
    """An engine: the signature `network`."""

    name = "tensorflow"
    version = tf.__version__

    def __init__(self, model: Any, network: Any):
        """`model` keeps the variables alive that the function `network` uses."""
        self.model, self._network = model, network

    def __call__(self, inputs: NetworkInputs) -> NetworkOutputs:
        """Runs a batch."""
        named = {name: tf.constant(array) for name, array in inputs.named().items()}
        return NetworkOutputs.from_named(self._network(**named))


def open_saved_model(folder: Path) -> TensorFlowEngine:
    """Loads a SavedModel.

    Raises:
        UserError: it has no signature `network`, or cannot be loaded.
    """
    try:
        loaded = tf.saved_model.load(str(folder))
    except (OSError, tf.errors.OpError, ValueError) as error:
        raise UserError(f"An export must be a whole SavedModel. Received: {folder}: {error}") from None
    if "network" not in loaded.signatures:
        raise UserError(f"An export must have the signature network. Received: {folder}, without.")
    return TensorFlowEngine(loaded, loaded.signatures["network"])
