"""OpenVINO."""

from pathlib import Path

import numpy as np
import openvino as ov

from mmannot_tf.serving.network import NETWORK_OUTPUTS, NetworkInputs, NetworkOutputs
from tfrecords_tools.shell.threads import limits_threads, thread_count

FILE = "openvino/model.xml"
INT8_FILE = "openvino_int8/model.xml"
"""What `mmannot quantize` adds."""
PRECISIONS = {"float32": "f32", "bfloat16": "bf16", "int8": "f32"}
"""OpenVINO's names; of an int8 network, for the layers that are not quantised."""


def has_bfloat16_units() -> bool:
    """Whether OpenVINO finds units for bfloat16 in this processor."""
    return "BF16" in ov.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


class OpenVinoEngine:
    """Runs the network in float32, in bfloat16 where the processor supports it, or in int8."""

    name = "openvino"
    version = ov.__version__.partition("-")[0]

    def __init__(self, model: Path | ov.Model, precision: str = "float32"):
        """Compiles a model.

        Args:
            model: an export's version folder with `FILE`, or `INT8_FILE` for int8; or a model in memory.
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
            model = core.read_model(model / (INT8_FILE if precision == "int8" else FILE))
        self._compiled = core.compile_model(model, "CPU", properties)

    def __call__(self, inputs: NetworkInputs) -> NetworkOutputs:
        """Runs a batch."""
        outputs = self._compiled(inputs.as_mapping(), share_inputs=True)
        return NetworkOutputs.from_mapping({name: np.array(outputs[name]) for name in NETWORK_OUTPUTS})
