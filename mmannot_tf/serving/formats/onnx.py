"""The ONNX format."""

from collections.abc import Sequence
from pathlib import Path

import keras
import onnx
import tensorflow as tf
import tf2onnx

from mmannot_tf.serving.engines.onnx import FILE
from mmannot_tf.serving.exporting.annotator_module import AnnotatorModule

INPUTS = ("image", "tag_lists")
OPSET = 18
"""The newest operator set that tf2onnx 1.16 and 1.17 write."""


def write(module: AnnotatorModule, folder: Path) -> None:
    """Writes model.onnx, in float32; the input `image` says how its pixels are made.

    The converter sees the weights as inputs; their values are added afterwards. Constants would be copied by
    each of its passes, which takes 18 GB for a ResNet-50.
    """
    weights = [weight for weight in module.weights if weight.dtype == "float32"]
    function, signature = _function_of_weights(module, weights)
    converted, _ = tf2onnx.convert.from_function(function, input_signature=signature, opset=OPSET)
    values = dict(zip((spec.name for spec in signature), [None, None, *weights], strict=True))
    graph = converted.graph
    inputs = {node.name: node for node in graph.input if node.name in INPUTS}
    for node in graph.input:
        if node.name not in INPUTS:
            value = keras.ops.convert_to_numpy(values[node.name])
            graph.initializer.append(onnx.numpy_helper.from_array(value, node.name))
    del graph.input[:]
    inputs["image"].doc_string = module.pixels
    graph.input.extend(inputs[name] for name in INPUTS)
    onnx.save(converted, folder / FILE)


def _function_of_weights(
    module: AnnotatorModule, weights: Sequence[keras.Variable]
) -> tuple[tf.types.experimental.PolymorphicFunction, list[tf.TensorSpec]]:
    """Returns the network as a function of its inputs and weights, and that function's signature."""
    specs = [tf.TensorSpec(weight.shape, tf.float32, name=f"weight_{n}") for n, weight in enumerate(weights)]
    signature = [*module.network.input_signature, *specs]

    @tf.function(input_signature=signature)
    def network(image: tf.Tensor, tag_lists: tf.Tensor, *values: tf.Tensor) -> dict[str, tf.Tensor]:
        with keras.StatelessScope(state_mapping=list(zip(weights, values, strict=True))):
            return module.untraced_network(image, tag_lists)

    return network, signature
