"""OpenVINO."""

from pathlib import Path

import numpy as np
import openvino as ov

from mmannot_tf.serving.network import NETWORK_OUTPUTS, NetworkInputs, NetworkOutputs
from tfrecords_tools.shell.threads import limits_threads, thread_count

FILE = "openvino/model.xml"
PRECISIONS = {"float32": "f32", "bfloat16": "bf16"}


def has_bfloat16_units() -> bool:
    """Whether OpenVINO finds units for bfloat16 in this processor."""
    return "BF16" in ov.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


class OpenVinoEngine:
    """Runs the network in float32, or in bfloat16 where the processor supports it."""

    name = "openvino"
    version = ov.__version__.partition("-")[0]

    def __init__(self, model: Path | ov.Model, precision: str = "float32"):
        """Compiles a model.

        Args:
            model: an export's version folder with openvino/model.xml; or a model in memory.
            precision: a key of `PRECISIONS`.
        """
        core = ov.Core()
        properties: dict[str, str | int] = {
            "INFERENCE_PRECISION_HINT": PRECISIONS[precision],
            "PERFORMANCE_HINT": "LATENCY",
        }
        if limits_threads():
            properties["INFERENCE_NUM_THREADS"] = thread_count()
        if isinstance(model, Path):
            model = core.read_model(model / FILE)
        self._compiled = core.compile_model(model, "CPU", properties)

    def __call__(self, inputs: NetworkInputs) -> NetworkOutputs:
        """Runs a batch."""
        outputs = self._compiled(inputs.as_mapping(), share_inputs=True)
        return NetworkOutputs.from_mapping({name: np.array(outputs[name]) for name in NETWORK_OUTPUTS})
