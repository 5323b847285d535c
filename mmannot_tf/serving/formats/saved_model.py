"""The SavedModel, and TensorFlow as the engine of a SavedModel or a run."""

from collections.abc import Callable
from pathlib import Path

import tensorflow as tf

from mmannot_tf.serving.exporting.annotator_module import AnnotatorModule
from mmannot_tf.serving.model import SAVED_MODEL_FILE
from mmannot_tf.serving.network import NetworkInputs, NetworkOutputs
from tfrecords_tools.shell.errors import UserError

FILE = SAVED_MODEL_FILE


def write(module: AnnotatorModule, folder: Path) -> None:
    """Writes the SavedModel with all its signatures."""
    tf.saved_model.save(module, str(folder), signatures=module.signatures_by_name)


class TensorFlowEngine:
    """Runs the signature `network`."""

    name = "tensorflow"
    version = tf.__version__

    def __init__(self, model: tf.Module, network: Callable[..., dict[str, tf.Tensor]]):
        """`model` keeps the variables alive that the function `network` uses."""
        self.model, self._network = model, network

    def __call__(self, inputs: NetworkInputs) -> NetworkOutputs:
        """Runs a batch."""
        tensors = {name: tf.constant(array) for name, array in inputs.as_mapping().items()}
        return NetworkOutputs.from_mapping(self._network(**tensors))


def open_saved_model(folder: Path) -> TensorFlowEngine:
    """Loads a SavedModel.

    Raises:
        UserError: it has no signature `network`, or cannot be loaded.
    """
    try:
        loaded = tf.saved_model.load(str(folder))
    except (OSError, tf.errors.OpError, ValueError) as error:
        raise UserError(f"An export must be a complete SavedModel. Received: {folder}: {error}") from None
    if "network" not in loaded.signatures:
        raise UserError(f"An export must have the signature network. Received: {folder}, without it.")
    return TensorFlowEngine(loaded, loaded.signatures["network"])
