"""The OpenVINO format and its engine, which also runs the SavedModel."""

from pathlib import Path

import numpy as np
import openvino as ov
import tensorflow as tf
from openvino.frontend import FrontEndManager
from openvino.frontend.tensorflow.utils import create_tf_graph_iterator

from mmannot_tf.serving.exporting.annotator_module import AnnotatorModule
from mmannot_tf.serving.formats.saved_model import open_saved_model
from mmannot_tf.serving.network import NETWORK_OUTPUTS, NetworkInputs, NetworkOutputs
from tfrecords_tools.shell.threads import limits_threads, thread_count

FILE = "openvino/model.xml"
PRECISIONS = {"float32": "f32", "bfloat16": "bf16"}


def write(module: AnnotatorModule, folder: Path) -> None:
    """Writes openvino/model.xml and model.bin, in float32; its rt_info says how `image` is made."""
    (folder / FILE).parent.mkdir(parents=True)
    converted = _converted(module.network.get_concrete_function())
    converted.set_rt_info(module.pixels, "image")
    ov.save_model(converted, str(folder / FILE), compress_to_fp16=False)


def has_bfloat16_units() -> bool:
    """Whether OpenVINO finds units for bfloat16 in this processor."""
    return "BF16" in ov.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


class OpenVinoEngine:
    """Runs the network in float32, or in bfloat16 where the processor supports it."""

    name = "openvino"
    version = ov.__version__.partition("-")[0]

    def __init__(self, folder: Path, precision: str = "float32"):
        """Reads openvino/model.xml of an export, or else its SavedModel.

        Args:
            folder: the export's version folder.
            precision: a key of `PRECISIONS`.
        """
        core = ov.Core()
        properties: dict[str, str | int] = {
            "INFERENCE_PRECISION_HINT": PRECISIONS[precision],
            "PERFORMANCE_HINT": "LATENCY",
        }
        if limits_threads():
            properties["INFERENCE_NUM_THREADS"] = thread_count()
        if (folder / FILE).is_file():
            model = core.read_model(folder / FILE)
        else:
            loaded = open_saved_model(folder).model
            model = _converted(loaded.signatures["network"])
        self._compiled = core.compile_model(model, "CPU", properties)

    def __call__(self, inputs: NetworkInputs) -> NetworkOutputs:
        """Runs a batch."""
        outputs = self._compiled(inputs.as_mapping(), share_inputs=True)
        return NetworkOutputs.from_mapping({name: np.array(outputs[name]) for name in NETWORK_OUTPUTS})


def _converted(function: tf.types.experimental.ConcreteFunction) -> ov.Model:
    """Converts a function as `openvino.convert_model` does, which also reports its use over the network.

    The weights are copied, because shared weights would be freed with the function's variables.
    """
    frontend = FrontEndManager().load_by_framework("tf")
    graph = create_tf_graph_iterator(
        function,
        placeholder_shapes=None,
        placeholder_data_types=None,
        example_input=None,
        share_weights=False,
    )
    loaded = frontend.load(graph)  # reads from `graph`, so `graph` must stay alive
    return frontend.convert(loaded)
