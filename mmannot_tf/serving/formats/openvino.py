"""The OpenVINO format."""

from pathlib import Path

import openvino as ov
import tensorflow as tf
from openvino.frontend import FrontEndManager
from openvino.frontend.tensorflow.utils import create_tf_graph_iterator

from mmannot_tf.serving.engines.openvino import FILE
from mmannot_tf.serving.exporting.annotator_module import AnnotatorModule
from mmannot_tf.serving.formats.saved_model import open_saved_model


def write(module: AnnotatorModule, folder: Path) -> None:
    """Writes openvino/model.xml and model.bin, in float32; its rt_info says how `image` is made."""
    (folder / FILE).parent.mkdir(parents=True)
    converted = _converted(module.network.get_concrete_function())
    converted.set_rt_info(module.pixels, "image")
    ov.save_model(converted, str(folder / FILE), compress_to_fp16=False)


def read_saved_model(folder: Path) -> ov.Model:
    """Converts the SavedModel of an export's version folder."""
    loaded = open_saved_model(folder).model
    return _converted(loaded.signatures["network"])


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
