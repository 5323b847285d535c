"""ONNX Runtime."""

from pathlib import Path

import onnxruntime as ort

from mmannot_tf.serving.network import NETWORK_OUTPUTS, NetworkInputs, NetworkOutputs
from tfrecords_tools.shell.threads import limits_threads, thread_count

FILE = "model.onnx"


class OnnxEngine:
    """Runs model.onnx, on a GPU where the installed ONNX Runtime supports it."""

    name = "onnx"
    version = ort.__version__

    def __init__(self, folder: Path):
        """Reads model.onnx of an export's version folder."""
        options = ort.SessionOptions()
        if limits_threads():
            options.intra_op_num_threads = thread_count()
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # leaves cores to decoding
        self._session = ort.InferenceSession(str(folder / FILE), options, ort.get_available_providers())

    def __call__(self, inputs: NetworkInputs) -> NetworkOutputs:
        """Runs a batch."""
        outputs = self._session.run(NETWORK_OUTPUTS, inputs.as_mapping())
        return NetworkOutputs.from_mapping(dict(zip(NETWORK_OUTPUTS, outputs, strict=True)))
