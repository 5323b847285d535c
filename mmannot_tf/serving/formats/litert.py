"""The .tflite format."""

from pathlib import Path

import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from mmannot_tf.serving.engines.litert import FILE
from mmannot_tf.serving.exporting.annotator_module import AnnotatorModule


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
