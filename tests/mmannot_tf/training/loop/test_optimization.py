import keras
import numpy as np
import pytest

from mmannot_tf.training.loop.optimization import Momentum, weight_decay


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


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_updates_are_keras_own_to_the_bit(momentum):
    rng = np.random.default_rng(0)
    start, gradients = rng.normal(size=(50, 7)), rng.normal(size=(6, 50, 7)).astype(np.float32)

    def trained(optimizer):
        weights = keras.Variable(start, dtype="float32")
        optimizer.build([weights])
        for number, gradient in enumerate(gradients):
            optimizer.learning_rate.assign(0.1 / (number + 1))
            optimizer.apply([keras.ops.convert_to_tensor(gradient)], [weights])
        return weights.numpy()

    ours, theirs = Momentum(0.1, momentum), keras.optimizers.SGD(0.1, momentum=momentum)
    np.testing.assert_array_equal(trained(ours), trained(theirs))
    assert int(ours.iterations) == 6


def test_a_step_is_the_equations():
    weights, optimizer = keras.Variable([1.0, -2.0]), Momentum(0.5, 0.9)
    optimizer.build([weights])
    for expected in ([0.0, -2.5], [-1.9, -3.45]):
        optimizer.apply([keras.ops.convert_to_tensor([2.0, 1.0])], [weights])
        np.testing.assert_allclose(weights.numpy(), expected, rtol=1e-6)


def test_momentum_is_made_again_from_its_config():
    config = keras.saving.serialize_keras_object(Momentum(0.5, 0.9))
    again = keras.saving.deserialize_keras_object(config)
    assert isinstance(again, Momentum)
    assert (float(again.learning_rate), again.momentum) == (0.5, 0.9)
