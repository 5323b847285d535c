import keras
import numpy as np

from mmannot_tf.models.quantity_regressor import build_quantity_regressor

FEATURES = np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)


def test_the_papers_layers():
    regressor = build_quantity_regressor(4096, name="quantity")
    shapes = [variable.shape for variable in regressor.trainable_variables]
    assert shapes == [(4096, 512), (512,), (512, 256), (256,), (256, 1), (1,)]
    assert (regressor.name, regressor.output_shape) == ("quantity", (None,))


def test_inference_equals_numpy_without_dropout():
    regressor = build_quantity_regressor(6, hidden=(5, 3), name="quantity")
    rng = np.random.default_rng(1)
    weights = [rng.normal(size=variable.shape) for variable in regressor.trainable_variables]
    for variable, value in zip(regressor.trainable_variables, weights, strict=True):
        variable.assign(value)
    w1, b1, w2, b2, w3, b3 = weights
    hidden = np.maximum(np.maximum(FEATURES @ w1 + b1, 0) @ w2 + b2, 0)
    np.testing.assert_allclose(regressor(FEATURES), (hidden @ w3 + b3)[:, 0], atol=1e-5)


def test_training_drops_half_of_the_hidden_units_and_never_the_output():
    keras.utils.set_random_seed(0)
    regressor = build_quantity_regressor(6, hidden=(400, 400), bias=1.0, name="quantity")
    first = keras.Model(regressor.input, regressor.get_layer("dropout_1").output)
    second = keras.Model(regressor.input, regressor.get_layer("dropout_2").output)
    w1, b1, w2, b2, w3, _ = regressor.trainable_variables
    for variable, value in ((w1, 0.0), (b1, 1.0), (w2, 0.0), (b2, 1.0), (w3, 1 / 400)):
        variable.assign(np.full(variable.shape, value))
    for hidden in (first(FEATURES, training=True).numpy(), second(FEATURES, training=True).numpy()):
        assert set(np.unique(hidden)) == {0.0, 1.0 / 0.5}
        assert 0.4 < (hidden == 0).mean() < 0.6
    # The mean of 400 units of 0 or 2, plus the bias: near 1 + 1, in steps of 2 / 400.
    quantity = regressor(FEATURES, training=True).numpy()
    np.testing.assert_allclose(quantity, 2.0, atol=0.3)
    assert len(np.unique(quantity)) > 1


def test_starts_at_the_given_bias():
    regressor = build_quantity_regressor(6, bias=2.9, name="quantity")
    np.testing.assert_allclose(regressor(np.zeros((3, 6), np.float32)), [2.9] * 3, rtol=1e-6)
