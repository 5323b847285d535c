import keras
import numpy as np
import pytest

from mmannot_tf.layers.batch_norm import BatchNorm
from mmannot_tf.layers.conv_bn_relu import conv_bn_relu

EPSILON = 1e-3


def _model(*, kernel_size, strides, size=7):
    x = keras.Input((size, size, 3))
    norm = BatchNorm(0.9, EPSILON)
    return keras.Model(x, conv_bn_relu(x, 5, kernel_size=kernel_size, strides=strides, norm=norm, name="phi"))


@pytest.mark.parametrize(
    ("kernel_size", "strides", "size", "out"), [(3, 2, 8, 4), (3, 2, 7, 4), (1, 1, 4, 4), (3, 1, 5, 5)]
)
def test_equals_numpy(numpy_phi, randomise, kernel_size, strides, size, out):
    model = _model(kernel_size=kernel_size, strides=strides, size=size)
    randomise(model)
    x = np.random.default_rng(1).normal(size=(2, size, size, 3)).astype(np.float32)
    kernel, *norm = [weight.astype(np.float64) for weight in model.get_weights()]
    expected = numpy_phi(x, kernel, norm, strides=strides, epsilon=EPSILON)
    assert expected.shape == (2, out, out, 5)
    assert (expected == 0).any()
    assert (expected > 0).any()
    np.testing.assert_allclose(model(x), expected, atol=1e-5)


def test_training_normalises_with_the_batch(numpy_phi, randomise):
    model = _model(kernel_size=1, strides=1)
    randomise(model)
    x = np.random.default_rng(1).normal(size=(4, 7, 7, 3)).astype(np.float32)
    kernel, gamma, beta, *_ = [weight.astype(np.float64) for weight in model.get_weights()]
    convolved = x @ kernel[0, 0]
    norm = gamma, beta, convolved.mean((0, 1, 2)), convolved.var((0, 1, 2))
    expected = numpy_phi(x, kernel, norm, strides=1, epsilon=EPSILON)
    np.testing.assert_allclose(model(x, training=True), expected, atol=1e-5)


def test_names_and_variables():
    model = _model(kernel_size=3, strides=2)
    assert [layer.name for layer in model.layers[1:]] == ["phi_conv", "phi_bn", "phi_relu"]
    assert [variable.path for variable in model.variables] == [
        "phi_conv/kernel",
        "phi_bn/gamma",
        "phi_bn/beta",
        "phi_bn/moving_mean",
        "phi_bn/moving_variance",
    ]
