"""The .tflite format and its engine, LiteRT (TensorFlow Lite)."""

from importlib.metadata import version
from pathlib import Path

import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from mmannot_tf.serving.exporting.annotator_module import AnnotatorModule
from mmannot_tf.serving.network import NetworkInputs, NetworkOutputs
from tfrecords_tools.shell.threads import thread_count

FILE = "model.tflite"


def write(module: AnnotatorModule, folder: Path) -> None:
    """Writes model.tflite, in float32 and with built-in operators only."""
    holder = tf.Module()
    holder.network = _frozen(module.network)
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [holder.network.get_concrete_function()], holder
    )
    (folder / FILE).write_bytes(converter.convert())


def _frozen(function: tf.types.experimental.PolymorphicFunction) -> tf.types.experimental.PolymorphicFunction:
    """Replaces variables by constants, because TensorFlow 2.21's converter drops the variables' values."""
    concrete = function.get_concrete_function()
    frozen, names = convert_variables_to_constants_v2(concrete), sorted(concrete.structured_outputs)

    @tf.function(input_signature=function.input_signature)
    def network(image: tf.Tensor, tag_lists: tf.Tensor) -> dict[str, tf.Tensor]:
        return dict(zip(names, frozen(image, tag_lists), strict=True))

    return network


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
