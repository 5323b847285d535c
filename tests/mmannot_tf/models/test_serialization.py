import subprocess
import sys

import keras
import numpy as np
import pytest

from mmannot_tf.models.architectures import Architecture
from mmannot_tf.models.backbone import build_backbone
from mmannot_tf.models.classifier import build_classifier
from mmannot_tf.models.decision import build_decision
from mmannot_tf.models.fusion import build_fusion
from mmannot_tf.models.geometry import Geometry
from mmannot_tf.models.pooling import build_places, build_pooling
from mmannot_tf.models.quantity_regressor import build_quantity_regressor
from mmannot_tf.models.tag_encoder import build_tag_encoder, portable

NORM = {"momentum": 0.9, "epsilon": 1e-3}
SLIM = Geometry("last_3x3", "same", "same", "same")
SHAPES = [(16, 16, 2), (8, 8, 3), (4, 4, 4), (2, 2, 5), (1, 1, 6)]
BUILDERS = {
    "backbone": lambda: build_backbone("tiny", image_size=32, **NORM),
    "backbone_slim": lambda: build_backbone(
        Architecture((2, 2, 2, 2), 4), image_size=33, geometry=SLIM, **NORM
    ),
    "fusion": lambda: build_fusion(SHAPES, gamma=0.1, **NORM),
    "pooling": lambda: build_pooling(SHAPES),
    "places": lambda: build_places(SHAPES),
    "tag_encoder": lambda: build_tag_encoder(9, hidden=(8, 6)),
    "portable_tag_encoder": lambda: portable(build_tag_encoder(9, hidden=(8, 6))),
    "classifier": lambda: build_classifier(6, 5, name="classifier"),
    "quantity": lambda: build_quantity_regressor(6, hidden=(5, 3), name="quantity"),
    "decision": lambda: build_decision(
        build_classifier(6, 5, name="classifier"),
        build_quantity_regressor(6, hidden=(5, 3), name="quantity"),
        least_quantity=0,
        rounding="up",
    ),
}
IN_A_FRESH_PROCESS = """
import sys
from pathlib import Path
import keras
import numpy as np
import mmannot_tf.layers.multi_hot_dense, mmannot_tf.layers.quantity_selection
for path in Path(sys.argv[1]).glob("*.keras"):
    with np.load(path.with_suffix(".npz")) as saved:
        inputs = [saved[name] for name in saved if name.startswith("input")]
        expected = [saved[name] for name in saved if name.startswith("output")]
    outputs = keras.tree.flatten(keras.models.load_model(path)(inputs if inputs[1:] else inputs[0]))
    for output, value in zip(outputs, expected, strict=True):
        np.testing.assert_array_equal(output, value, err_msg=path.name)
"""


def _random_weights(model):
    rng = np.random.default_rng(0)
    for variable in model.variables:
        if variable.dtype == "float32":
            variable.assign(rng.uniform(0.1, 1.0, variable.shape))
    return model


def _inputs(model):
    """One batch of two examples for each of the model's inputs."""
    rng = np.random.default_rng(1)
    return [
        rng.integers(-1, 9, (2, 3), dtype=np.int32)
        if tensor.dtype == "int32"
        else rng.normal(size=(2, *tensor.shape[1:])).astype(np.float32)
        for tensor in model.inputs
    ]


def _outputs(model, inputs):
    return [np.asarray(output) for output in keras.tree.flatten(model(inputs if inputs[1:] else inputs[0]))]


def _names(model):
    return [layer.name for layer in model.layers], [variable.path for variable in model.weights]


@pytest.mark.slow
@pytest.mark.parametrize("name", BUILDERS)
def test_a_saved_model_loads_without_unsafe_code(tmp_path, name):
    model = _random_weights(BUILDERS[name]())
    inputs = _inputs(model)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    assert _names(loaded) == _names(model)
    for ours, theirs in zip(_outputs(model, inputs), _outputs(loaded, inputs), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.exhaustive
@pytest.mark.slow
def test_saved_models_load_in_a_fresh_process(tmp_path):
    for name, build in BUILDERS.items():
        model = _random_weights(build())
        inputs = _inputs(model)
        model.save(tmp_path / f"{name}.keras")
        arrays = {f"input_{number}": array for number, array in enumerate(inputs)}
        arrays |= {f"output_{number}": array for number, array in enumerate(_outputs(model, inputs))}
        np.savez(tmp_path / f"{name}.npz", **arrays)
    subprocess.run([sys.executable, "-c", IN_A_FRESH_PROCESS, tmp_path], check=True)
