import keras
import numpy as np
import pytest
import tensorflow as tf

from mmannot_tf.config.settings import TrainingSettings
from mmannot_tf.config.stage import StageSettings
from mmannot_tf.training.loop.optimization import LearningRate, Momentum, build_optimizer, clipped


def rates(steps: int = 10, **settings) -> np.ndarray:
    rate = LearningRate(StageSettings(**{"epochs": 10, "learning_rate": 0.5, **settings}), steps)
    return np.array([float(rate(step)) for step in range(10 * steps)])


def test_a_constant_rate_is_a_number_of_the_optimizer():
    settings = StageSettings(epochs=2, learning_rate=0.25)
    assert float(build_optimizer(settings, TrainingSettings(), 5).learning_rate) == 0.25


@pytest.mark.parametrize("warmup", [0.0, 2.0, 0.5])
def test_a_cosine_is_that_of_keras(warmup):
    first = int(10 * warmup)
    judge = keras.optimizers.schedules.CosineDecay(0.5, 100 - first)
    expected = [float(judge(step)) for step in range(100 - first)]
    found = rates(schedule="cosine", warmup_epochs=warmup)
    np.testing.assert_allclose(found[first:], expected, rtol=1e-5, atol=1e-8)
    np.testing.assert_allclose(found[:first], 0.5 * np.arange(1, first + 1) / max(first, 1), rtol=1e-5)


def test_steps_are_those_of_keras():
    judge = keras.optimizers.schedules.PiecewiseConstantDecay([29, 79], [0.5, 0.1, 0.02])
    found = rates(schedule="steps", decay_epochs=[3, 8], decay_factor=0.2)
    np.testing.assert_allclose(found, [float(judge(step)) for step in range(100)], rtol=1e-6)


def test_a_constant_rate_can_warm_up():
    np.testing.assert_allclose(rates(warmup_epochs=0.4), [0.125, 0.25, 0.375] + 97 * [0.5], rtol=1e-6)


def test_gradients_beyond_the_norm_are_scaled_together():
    gradients = [tf.constant([3.0, 0.0]), tf.constant([[4.0]])]
    found = clipped(gradients, 1.0)
    np.testing.assert_allclose(np.concatenate([part.numpy().ravel() for part in found]), [0.6, 0.0, 0.8])
    for norm in (5.0, 6.0):
        for have, want in zip(clipped(gradients, norm), gradients, strict=True):
            np.testing.assert_array_equal(have, want)
    assert [part.numpy().tolist() for part in clipped([tf.zeros(2)], 1.0)] == [[0.0, 0.0]]


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_gradients_that_are_not_finite_stay_so(bad):
    found = np.concatenate([part.numpy() for part in clipped([tf.constant([bad]), tf.ones(3)], 1.0)])
    assert not np.isfinite(found).all()


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
