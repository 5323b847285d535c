import keras
import numpy as np
import pytest

from mmannot_tf.training.weight_decay import weight_decay


@pytest.fixture
def model():
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), keras.layers.BatchNormalization()])


def _kernel(model) -> np.ndarray:
    return model.layers[0].kernel.numpy()


@pytest.mark.parametrize(("reading", "coefficient"), [("l2", 4e-5), ("literal", 0.9997), ("none", 0.0)])
def test_penalty_is_half_the_squared_norm_of_the_kernels_alone(model, reading, coefficient):
    model.layers[0].bias.assign(np.ones(4))
    expected = coefficient * 0.5 * np.sum(_kernel(model) ** 2)
    assert float(weight_decay(reading, model.trainable_variables).penalty()) == pytest.approx(
        expected, rel=1e-6
    )


@pytest.mark.parametrize("reading", ["shrink", "ema"])
def test_the_other_readings_add_nothing_to_the_loss(model, reading):
    assert float(weight_decay(reading, model.trainable_variables).penalty()) == 0.0


def test_shrink_multiplies_kernels_and_leaves_biases(model):
    before = _kernel(model)
    model.layers[0].bias.assign(np.ones(4))
    decay = weight_decay("shrink", model.trainable_variables)
    decay.after_step()
    decay.after_step()
    np.testing.assert_allclose(_kernel(model), before * 0.9997**2, rtol=1e-6)
    np.testing.assert_array_equal(model.layers[0].bias.numpy(), np.ones(4))


def test_ema_is_used_within_evaluation_and_taken_back_after(model):
    first = _kernel(model)
    decay = weight_decay("ema", model.trainable_variables)
    second = first + 1.0
    model.layers[0].kernel.assign(second)
    decay.after_step()
    with decay.evaluated():
        np.testing.assert_allclose(_kernel(model), 0.9997 * first + 0.0003 * second, rtol=1e-6)
    np.testing.assert_array_equal(_kernel(model), second)


@pytest.mark.parametrize("reading", ["l2", "literal", "none"])
def test_l2_readings_leave_the_weights_to_the_optimizer(model, reading):
    before = _kernel(model)
    decay = weight_decay(reading, model.trainable_variables)
    decay.after_step()
    with decay.evaluated():
        np.testing.assert_array_equal(_kernel(model), before)
