"""Mixed precision: what has 16 bits, what stays float32, and overflows of float16."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from tiers import exhaustive

from mmannot_tf.config.settings import TrainingSettings
from mmannot_tf.losses.quantity_error import QuantityError
from mmannot_tf.losses.sigmoid_cross_entropy import SigmoidCrossEntropy
from mmannot_tf.models.geometry import KERAS
from mmannot_tf.runs.stage import as_mapping
from mmannot_tf.runs.stages import STAGES
from mmannot_tf.training.loop.loop import Loop
from mmannot_tf.training.network import NetworkSpec, build_network
from mmannot_tf.training.precision import POLICIES, computing_in, in_float32, loss_scaled
from mmannot_tf.weights.provenance import CENTRED, Provenance

RANDOM = Provenance("random", "tiny", None, KERAS, CENTRED, None)
STEPS = Path(__file__).with_name("overflow_steps.py")
IN_WORKERS = STEPS.with_name("in_workers.py")
HEADS = ("logits", "unit", "scalar")


def _network(tiny_config, stage, precision):
    keras.utils.set_random_seed(0)
    with computing_in(precision):
        return build_network(stage, NetworkSpec(tiny_config, 14, 40, RANDOM, 2.75), feature_size=32).model


def _layers(model):
    """All layers but the models among them."""
    for layer in model.layers:
        yield from _layers(layer) if isinstance(layer, keras.Model) else [layer]


def _gradients(model, stage):
    """Float32 gradients of the stage's losses over a batch of 8; batch norm uses the batch's statistics."""
    rng = np.random.default_rng(1)
    inputs = {
        "images": rng.normal(size=(8, 32, 32, 3)),
        "tags": rng.permuted(np.tile(np.arange(40), (8, 1)), axis=1)[:, :8],
        "features": rng.random((8, 32)),
    }
    types = {"tags": np.int32}
    inputs = {name: inputs[name].astype(types.get(name, np.float32)) for name in stage.reads}
    targets = {"labels": rng.random((8, 14)) < 0.2, "quantity": rng.integers(1, 5, 8).astype(np.float32)}
    losses = {"labels": SigmoidCrossEntropy("sum").call, "quantity": QuantityError().call}
    with tf.GradientTape() as tape:
        made = model(inputs if len(inputs) > 1 else next(iter(inputs.values())), training=True)
        outputs = as_mapping(stage.targets, in_float32(made))
        total = tf.add_n(
            [tf.reduce_mean(losses[target](targets[target], outputs[target])) for target in stage.targets]
        )
    gradients = tape.gradient(total, [variable.value for variable in model.trainable_variables])
    return np.concatenate([np.ravel(gradient) for gradient in gradients])


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
@pytest.mark.parametrize("stage", STAGES.values(), ids=lambda stage: stage.name)
def test_weights_and_heads_are_float32_and_the_other_layers_are_not(tiny_config, stage, precision):
    model = _network(tiny_config, stage, precision)
    assert {variable.dtype for variable in model.variables if "seed_generator" not in variable.path} == {
        "float32"
    }
    for layer in _layers(model):
        if not isinstance(layer, keras.layers.InputLayer):
            assert layer.compute_dtype == ("float32" if layer.name in HEADS else precision), layer.name
    assert all(output.dtype == "float32" for output in model.outputs)


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float16", *exhaustive(["bfloat16"])])
@pytest.mark.parametrize(
    "stage",
    [STAGES[name] for name in ("cnn", "ms_cnn", "tag_encoder", "quantity", "joint")],
    ids=lambda stage: stage.name,
)
def test_gradients_are_finite_and_point_where_float32s_do(tiny_config, stage, precision):
    """Without dropout, and without a batch norm that amplifies rounding. Measured: 0.97 or more."""
    calm = tiny_config.model.model_copy(update={"dropout": 0.0, "block_epsilon": 1.0})
    config = tiny_config.model_copy(update={"model": calm})
    model, mixed = _network(config, stage, "float32"), _network(config, stage, precision)
    mixed.set_weights(model.get_weights())
    want, have = _gradients(model, stage), _gradients(mixed, stage)
    assert np.isfinite(have).all()
    assert want @ have / np.linalg.norm(want) / np.linalg.norm(have) > 0.95


def test_the_policy_of_others_is_put_back_even_after_a_failure():
    before = keras.config.dtype_policy()
    with pytest.raises(RuntimeError), computing_in("float16"):
        assert keras.config.dtype_policy().name == POLICIES["float16"]
        raise RuntimeError
    assert keras.config.dtype_policy() == before


def test_only_float16_scales_its_losses():
    optimizers = {precision: loss_scaled(keras.optimizers.SGD(0.1), precision) for precision in POLICIES}
    scaled = {
        precision: float(optimizer.scale_loss(tf.constant(1.0)))
        for precision, optimizer in optimizers.items()
    }
    assert scaled == {"float32": 1.0, "bfloat16": 1.0, "float16": 2.0**15}


@pytest.mark.exhaustive
def test_the_loss_scale_is_part_of_what_is_resumed(stage_job):
    """The scale doubles at 2,000 steps; the count of these steps must be resumed."""

    def trained(folder, *epochs):
        for count in epochs:
            job = stage_job(folder, training=TrainingSettings(batch_size=8, precision="float16"))
            job = dataclasses.replace(job, settings=job.settings.model_copy(update={"epochs": count}))
            loop = Loop(job)
            loop.run()
        return [np.asarray(array) for array in (*job.network.model.variables, *loop.optimizer.variables)]

    at_once, in_two = trained("at_once", 2), trained("in_two", 1, 2)
    assert max(float(array.max()) for array in at_once) == 2.0**15
    for want, have in zip(at_once, in_two, strict=True):
        np.testing.assert_array_equal(have, want)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("strategy", "devices", "command"),
    [("one", 0, []), ("mirrored", 2, []), ("multi-worker", 0, [sys.executable, IN_WORKERS, "2"])],
    ids=["one device", "two devices", "two workers"],
)
def test_one_replicas_overflow_leaves_the_step_out_on_all(tmp_path, strategy, devices, command):
    done = subprocess.run(
        [*command, sys.executable, STEPS, strategy, str(devices), tmp_path / "steps.npz"],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    with np.load(tmp_path / "steps.npz") as steps:
        np.testing.assert_array_equal(steps["scales"], [2**15, 2**14, 2**14])
        np.testing.assert_array_equal(steps["kernels"][:, :, 0], [[0, 0, 0], [0, 0, 0], [0.5, 0.5, 0.5]])
