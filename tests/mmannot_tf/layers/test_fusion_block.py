import keras
import numpy as np

from mmannot_tf.layers.batch_norm import BatchNorm
from mmannot_tf.layers.fusion_block import fusion_block

EPSILON = 1e-3


def _model(fused_shape, scale_shape):
    fused, scale = keras.Input(fused_shape), keras.Input(scale_shape)
    block = fusion_block(fused, scale, norm=BatchNorm(0.9997, EPSILON), name="fusion2")
    return keras.Model([fused, scale], block)


def test_equals_equations_2_and_3_in_numpy(numpy_phi, randomise):
    model = _model((8, 8, 3), (4, 4, 6))
    randomise(model)
    rng = np.random.default_rng(1)
    fused, scale = rng.normal(size=(2, 8, 8, 3)), rng.normal(size=(2, 4, 4, 6))
    weights = {variable.path: variable.numpy().astype(np.float64) for variable in model.variables}

    def norm(phi):
        return [weights[f"fusion2_{phi}_bn/{v}"] for v in ("gamma", "beta", "moving_mean", "moving_variance")]

    phi1 = numpy_phi(fused, weights["fusion2_phi1_conv/kernel"], norm("phi1"), strides=2, epsilon=EPSILON)
    phi2 = numpy_phi(phi1, weights["fusion2_phi2_conv/kernel"], norm("phi2"), strides=1, epsilon=EPSILON)
    result = model([fused.astype(np.float32), scale.astype(np.float32)])
    np.testing.assert_allclose(result, scale + phi2, atol=1e-5)


def test_phi1_keeps_the_channels_and_phi2_takes_the_scales():
    model = _model((8, 8, 3), (4, 4, 6))
    assert model.get_layer("fusion2_phi1_conv").kernel.shape == (3, 3, 3, 3)
    assert model.get_layer("fusion2_phi1_conv").strides == (2, 2)
    assert model.get_layer("fusion2_phi2_conv").kernel.shape == (1, 1, 3, 6)


def test_an_odd_side_is_rounded_up_like_the_backbones():
    assert _model((7, 7, 3), (4, 4, 6)).output_shape == (None, 4, 4, 6)


def test_no_gamma_starts_at_zero():
    model = _model((8, 8, 3), (4, 4, 6))
    gammas = [variable.numpy() for variable in model.variables if variable.name == "gamma"]
    assert [gamma.shape for gamma in gammas] == [(3,), (6,)]
    assert all((gamma == 1).all() for gamma in gammas)
