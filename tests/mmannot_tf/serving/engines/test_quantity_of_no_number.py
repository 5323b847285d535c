"""A predicted quantity that is not a number: the same labels from TensorFlow and from every other engine."""

from importlib import import_module
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from mmannot_tf.layers.quantity_selection import QuantitySelection
from mmannot_tf.serving.network import NETWORK_OUTPUTS, NetworkInputs

ENGINES = {"onnx": "OnnxEngine", "openvino": "OpenVinoEngine", "litert": "LiteRtEngine"}
LOGITS = np.array([0.5, 2.0, -1.0, 1.0], np.float32)
QUANTITIES = (np.nan, 2.0, np.inf, -np.inf)
SELECTED = [
    [False, True, False, False],
    [False, True, False, True],
    [True, True, True, True],
    [False, True, False, False],
]


@pytest.fixture(scope="module")
def module():
    """A network that reads logits and quantity from an image of two rows, as the export's module."""
    selection = QuantitySelection()
    signature = [
        tf.TensorSpec([None, 2, 4, 3], tf.float32, name="image"),
        tf.TensorSpec([None, None], tf.int32, name="tag_lists"),
    ]

    def network(image, tag_lists):
        logits, quantity = image[:, 0, :, 0], image[:, 1, 0, 0]
        selected, order = selection(logits, quantity)
        known = tf.reduce_sum(tf.cast(tag_lists, tf.float32), axis=1, keepdims=True)
        values = (tf.sigmoid(logits) + 0.0 * known, quantity, selected, order)
        return dict(zip(NETWORK_OUTPUTS, values, strict=True))

    traced = tf.function(network, input_signature=signature)
    return SimpleNamespace(network=traced, untraced_network=network, weights=[], pixels="")


@pytest.fixture(scope="module")
def inputs():
    image = np.zeros((4, 2, 4, 3), np.float32)
    image[:, 0, :, 0] = LOGITS
    image[:, 1, 0, 0] = QUANTITIES
    return NetworkInputs(image, np.full((4, 1), -1, np.int32))


def test_tensorflow_selects_the_least_quantity(module, inputs):
    assert module.network(*inputs.as_mapping().values())["selected"].numpy().tolist() == SELECTED


@pytest.mark.slow
@pytest.mark.parametrize("name", ENGINES)
def test_every_engine_selects_the_least_quantity(module, inputs, name, tmp_path):
    import_module(f"mmannot_tf.serving.formats.{name}").write(module, tmp_path)
    engine = import_module(f"mmannot_tf.serving.engines.{name}")
    outputs = getattr(engine, ENGINES[name])(tmp_path)(inputs)
    assert outputs.selected.tolist() == SELECTED
    np.testing.assert_array_equal(outputs.predicted_quantity, QUANTITIES)
