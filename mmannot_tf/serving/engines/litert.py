"""LiteRT (TensorFlow Lite)."""

from importlib.metadata import version
from pathlib import Path

from ai_edge_litert.interpreter import Interpreter

from mmannot_tf.serving.network import NetworkInputs, NetworkOutputs
from tfrecords_tools.shell.threads import thread_count

FILE = "model.tflite"


class LiteRtEngine:
    """Runs model.tflite on as many threads as `thread_count` says."""

    name = "litert"
    version = version("ai-edge-litert")

    def __init__(self, folder: Path):
        """Reads model.tflite of an export's version folder."""
        self._interpreter = Interpreter(str(folder / FILE), num_threads=thread_count())
        self._run = self._interpreter.get_signature_runner()

    def __call__(self, inputs: NetworkInputs) -> NetworkOutputs:
        """Runs a batch."""
        return NetworkOutputs.from_mapping(self._run(**inputs.as_mapping()))
