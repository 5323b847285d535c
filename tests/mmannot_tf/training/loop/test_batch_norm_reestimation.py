import keras
import numpy as np
import tensorflow as tf

from mmannot_tf.training.loop import batch_norm_reestimation

RNG = np.random.default_rng(0)
INPUTS = RNG.normal(3.0, 2.0, (48, 5)).astype(np.float32)


def _model() -> keras.Model:
    keras.utils.set_random_seed(1)
    inner = keras.Sequential(
        [keras.Input((5,)), keras.layers.BatchNormalization(momentum=0.9997)], name="inner"
    )
    outer = keras.layers.BatchNormalization(momentum=0.9997)
    start = keras.Input((5,))
    return keras.Model(start, outer(keras.layers.Dense(3)(inner(start))))


def _batches(size: int = 16) -> tf.data.Dataset:
    return tf.data.Dataset.from_tensor_slices((INPUTS, np.zeros(48))).batch(size)


def test_statistics_become_the_populations_in_nested_models_too():
    model = _model()
    batch_norm_reestimation.Reestimation(model)(_batches())
    inner, outer = batch_norm_reestimation.trained_batch_norms(model)
    np.testing.assert_allclose(inner.moving_mean, INPUTS.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(inner.moving_variance, INPUTS.var(axis=0), rtol=1e-4)
    # The outer layer sees each batch normalised by that batch's own statistics, as in training.
    dense = model.layers[2]
    normalised = np.concatenate(
        [
            (part - part.mean(axis=0)) / np.sqrt(part.var(axis=0) + inner.epsilon)
            for part in np.split(INPUTS, 3)
        ]
    )
    values = normalised @ dense.kernel.numpy() + dense.bias.numpy()
    np.testing.assert_allclose(outer.moving_mean, values.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(outer.moving_variance, values.var(axis=0), rtol=1e-4)


def test_weights_and_momentum_stay_as_they_were():
    model = _model()
    before = [variable.numpy() for variable in model.trainable_variables]
    batch_norm_reestimation.Reestimation(model)(_batches())
    for variable, value in zip(model.trainable_variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)
    assert {layer.momentum for layer in batch_norm_reestimation.trained_batch_norms(model)} == {0.9997}


def test_frozen_batch_norms_are_left_out():
    model = _model()
    model.layers[1].trainable = False
    frozen = model.layers[1].layers[0]
    batch_norm_reestimation.Reestimation(model)(_batches())
    assert batch_norm_reestimation.trained_batch_norms(model) == [model.layers[3]]
    np.testing.assert_array_equal(frozen.moving_mean, np.zeros(5))


def test_statistics_can_be_put_back():
    model = _model()
    layers = batch_norm_reestimation.trained_batch_norms(model)
    kept = batch_norm_reestimation.statistics(layers)
    batch_norm_reestimation.Reestimation(model)(_batches())
    batch_norm_reestimation.assign(layers, kept)
    np.testing.assert_array_equal(layers[0].moving_mean, np.zeros(5))
    np.testing.assert_array_equal(layers[0].moving_variance, np.ones(5))
