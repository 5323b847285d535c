"""What the systems of one linear layer on the feature have in common."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from mmannot_tf.baselines import METHODS
from mmannot_tf.config.methods import Methods

RATES = {"cnn_logistic": 0.05, "cnn_softmax": 0.5, "cnn_warp": 0.01, "asl": 0.05}


@pytest.fixture(params=RATES)
def method(request):
    return METHODS[request.param]


@pytest.fixture
def settings(method):
    return getattr(Methods(), method.name)


@pytest.fixture
def network(method, sizes, settings):
    return method.build(sizes, settings)


def _gradients(method, network, settings, batch):
    features, targets = batch
    with tf.GradientTape() as tape:
        losses = method.loss(settings)(targets, network(features, training=True))
        loss = tf.reduce_mean(losses)
    return losses, tape.gradient(loss, [variable.value for variable in network.trainable_variables])


def test_reads_features_against_labels(method, data, settings):
    examples = method.prepare(data, "test", settings)
    assert (set(examples.inputs), set(examples.targets)) == ({"features"}, {"labels"})
    assert (examples.inputs["features"].shape, examples.targets["labels"].shape) == ((6, 8), (6, 5))
    assert (examples.finish, examples.lengths) == (None, None)


def test_gradient_reaches_every_trainable_variable(method, network, batch_of, settings):
    losses, gradients = _gradients(method, network, settings, batch_of(method, settings))
    assert losses.shape == (24,)
    assert len(gradients) == 2
    assert all(np.any(gradient) for gradient in gradients)


def test_weights_round_trip(method, network, sizes, batch_of, settings, tmp_path):
    fresh = method.build(sizes, settings)
    features, _ = batch_of(method, settings)
    before, other = (method.scores(model, settings)(features).numpy() for model in (network, fresh))
    assert not np.allclose(before, other)
    network.save_weights(tmp_path / "head.weights.h5")
    fresh.load_weights(tmp_path / "head.weights.h5")
    np.testing.assert_array_equal(method.scores(fresh, settings)(features), before)


def test_scores_follow_the_networks_weights(method, network, batch_of, settings):
    scores = method.scores(network, settings)
    network.get_layer("logits").bias.assign([0.0, 0.0, 99.0, 0.0, 0.0])
    features, _ = batch_of(method, settings, "test")
    assert np.argmax(scores(features), axis=1).tolist() == [2] * 6


@pytest.mark.parametrize("method", ["cnn_logistic", "asl"], indirect=True)
def test_scores_are_sigmoids_of_the_logits(method, network, batch_of, settings):
    features, _ = batch_of(method, settings, "test")
    scores = method.scores(network, settings)(features)
    np.testing.assert_allclose(scores, 1 / (1 + np.exp(-network(features).numpy())), rtol=1e-5)


@pytest.mark.slow
def test_steps_lower_the_loss(method, network, batch_of, settings):
    batch, optimizer = batch_of(method, settings), keras.optimizers.SGD(RATES[method.name])
    means = []
    for _ in range(30):
        losses, gradients = _gradients(method, network, settings, batch)
        means.append(float(tf.reduce_mean(losses)))
        optimizer.apply(gradients, network.trainable_variables)
    assert means[-1] < 0.8 * means[0]
