import keras
import numpy as np
import pytest

from mmannot_tf.training.momentum import Momentum


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
