"""What all losses share: each is a Keras loss for a user's own model."""

import keras
import numpy as np
import pytest

from mmannot_tf.losses import (
    AsymmetricLoss,
    QuantityError,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    SummedLoss,
    Warp,
)

LOSSES = (
    AsymmetricLoss(2.0, 1.0, 0.1),
    QuantityError(),
    SigmoidCrossEntropy("mean"),
    SoftmaxCrossEntropy(),
    Warp("exact"),
)
RNG = np.random.default_rng(0)
FEATURES = RNG.normal(size=(6, 3)).astype(np.float32)
LABELS = (RNG.random((6, 4)) < 0.4).astype(np.float32)
QUANTITY = LABELS.sum(axis=1)
WEIGHTS = np.array([0.0, 1.0, 2.0, 0.5, 1.0, 3.0], np.float32)


@pytest.fixture(params=LOSSES, ids=lambda loss: loss.name)
def loss(request):
    return request.param


@pytest.fixture
def targets(loss):
    return QUANTITY if isinstance(loss, QuantityError) else LABELS


@pytest.fixture
def model(loss):
    keras.utils.set_random_seed(0)
    units = 1 if isinstance(loss, QuantityError) else 4
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(units)])


def _copy(loss):
    return keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))


def test_a_serialized_loss_is_equal(loss, model, targets):
    copy = _copy(loss)
    assert type(copy) is type(loss)
    assert copy.get_config() == loss.get_config()
    np.testing.assert_array_equal(copy.call(targets, model(FEATURES)), loss.call(targets, model(FEATURES)))


def test_a_call_gives_the_loss_of_each_example(loss, model, targets):
    losses = loss.call(targets, model(FEATURES))
    assert losses.shape == (6,)
    np.testing.assert_allclose(loss(targets, model(FEATURES)), np.mean(losses), rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("reduction", "divisor"), [("sum", 1), ("sum_over_batch_size", 6), ("mean_with_sample_weight", 7.5)]
)
def test_reductions_and_sample_weights(loss, model, targets, reduction, divisor):
    losses = loss.call(targets, model(FEATURES)).numpy()
    reduced = type(loss)(**{**loss.get_config(), "reduction": reduction})
    model.compile(optimizer="sgd", loss=reduced)
    value = model.evaluate(FEATURES, targets, sample_weight=WEIGHTS, verbose=0)
    np.testing.assert_allclose(value, np.sum(WEIGHTS * losses) / divisor, rtol=1e-5)


@pytest.mark.slow
def test_fit_lowers_it(loss, model, targets):
    model.compile(optimizer=keras.optimizers.SGD(0.05), loss=loss)
    history = model.fit(FEATURES, targets, sample_weight=WEIGHTS, epochs=20, verbose=0, shuffle=False)
    assert history.history["loss"][-1] < history.history["loss"][0]


@pytest.mark.slow
def test_a_compiled_model_is_saved_with_it(loss, model, targets, tmp_path):
    model.compile(optimizer="sgd", loss=loss)
    before = model.evaluate(FEATURES, targets, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.loss.get_config() == loss.get_config()
    assert loaded.evaluate(FEATURES, targets, verbose=0) == before


@pytest.mark.slow
def test_a_summed_loss_is_what_keras_sums_over_the_outputs(tmp_path):
    features = keras.Input((3,))
    outputs = {
        "labels": keras.layers.Dense(4, name="labels")(features),
        "quantity": keras.layers.Dense(1, name="quantity")(features),
    }
    model, targets = keras.Model(features, outputs), {"labels": LABELS, "quantity": QUANTITY}
    summed = SummedLoss({"labels": SigmoidCrossEntropy(), "quantity": QuantityError()})
    assert _copy(summed).get_config() == summed.get_config()
    expected = summed(targets, model(FEATURES))
    np.testing.assert_array_equal(_copy(summed)(targets, model(FEATURES)), expected)
    model.compile(optimizer="sgd", loss=summed.losses)
    value = model.evaluate(FEATURES, targets, verbose=0, return_dict=True)["loss"]
    np.testing.assert_allclose(value, expected, rtol=1e-5)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.evaluate(FEATURES, targets, verbose=0, return_dict=True)["loss"] == value
