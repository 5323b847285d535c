import keras
import numpy as np
import pytest

from mmannot_tf.training.loop.weight_decay import WeightDecay


@pytest.fixture
def model():
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), keras.layers.BatchNormalization()])


def _kernel(model) -> np.ndarray:
    return model.layers[0].kernel.numpy()


def decay_of(model, reading, coefficient=4e-5) -> WeightDecay:
    return WeightDecay(reading, model.trainable_variables, coefficient)


@pytest.mark.parametrize(
    ("reading", "coefficient"), [("l2", 4e-5), ("l2", 0.01), ("l2", 0.0), ("literal", 0.9997), ("none", 0.0)]
)
def test_penalty_is_half_the_squared_norm_of_the_kernels_alone(model, reading, coefficient):
    model.layers[0].bias.assign(np.ones(4))
    expected = coefficient * 0.5 * np.sum(_kernel(model) ** 2)
    found = decay_of(model, reading, coefficient if reading == "l2" else 4e-5).penalty()
    assert float(found) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("reading", ["shrink", "ema", "ema_num_updates"])
def test_the_other_readings_add_nothing_to_the_loss(model, reading):
    assert float(decay_of(model, reading).penalty()) == 0.0


def test_shrink_multiplies_kernels_and_leaves_biases(model):
    before = _kernel(model)
    model.layers[0].bias.assign(np.ones(4))
    decay = decay_of(model, "shrink")
    decay.after_step()
    decay.after_step()
    np.testing.assert_allclose(_kernel(model), before * 0.9997**2, rtol=1e-6)
    np.testing.assert_array_equal(model.layers[0].bias.numpy(), np.ones(4))


@pytest.mark.parametrize("reading", ["l2", "literal", "none", "ema"])
def test_the_other_readings_leave_the_weights_to_the_optimizer(model, reading):
    before = _kernel(model)
    decay_of(model, reading).after_step()
    np.testing.assert_array_equal(_kernel(model), before)
