import keras
import numpy as np
import tensorflow as tf

from mmannot_tf.baselines.cnn_logistic import CNN_LOGISTIC
from mmannot_tf.config.methods import CnnLogistic, Methods
from mmannot_tf.losses.sigmoid_cross_entropy import SigmoidCrossEntropy


def _batch(data, split="train"):
    examples = CNN_LOGISTIC.prepare(data, split, CnnLogistic())
    return examples.inputs["features"], {"labels": tf.constant(examples.targets["labels"])}


def test_reads_features_against_labels(data):
    examples = CNN_LOGISTIC.prepare(data, "test", CnnLogistic())
    assert set(examples.inputs) == {"features"}
    assert set(examples.targets) == {"labels"}
    assert examples.inputs["features"].shape == (6, 8)
    assert examples.targets["labels"].shape == (6, 5)
    assert (examples.finish, examples.lengths) == (None, None)


def test_scores_are_sigmoids_of_the_logits(sizes, data):
    network = CNN_LOGISTIC.build(sizes, CnnLogistic())
    features, _ = _batch(data, "test")
    scores = CNN_LOGISTIC.scores(network, CnnLogistic())(features)
    np.testing.assert_allclose(scores, 1 / (1 + np.exp(-network(features).numpy())), rtol=1e-5)


def test_loss_is_the_summed_cross_entropy():
    targets, logits = tf.constant([[1, 0, 1]]), tf.constant([[2.0, -1.0, 0.5]])
    loss = CNN_LOGISTIC.loss(CnnLogistic())({"labels": targets}, logits)
    np.testing.assert_allclose(loss, SigmoidCrossEntropy("sum")(targets, logits))


def test_gradient_reaches_every_trainable_variable(sizes, data):
    network = CNN_LOGISTIC.build(sizes, CnnLogistic())
    features, targets = _batch(data)
    with tf.GradientTape() as tape:
        losses = CNN_LOGISTIC.loss(CnnLogistic())(targets, network(features, training=True))
        loss = tf.reduce_mean(losses)
    assert losses.shape == (24,)
    gradients = tape.gradient(loss, [variable.value for variable in network.trainable_variables])
    assert len(gradients) == 2
    assert all(np.any(gradient) for gradient in gradients)


def test_weights_round_trip(sizes, data, tmp_path):
    network, fresh = (CNN_LOGISTIC.build(sizes, CnnLogistic()) for _ in range(2))
    features, _ = _batch(data)
    before, other = (CNN_LOGISTIC.scores(one, CnnLogistic())(features).numpy() for one in (network, fresh))
    assert not np.allclose(before, other)
    network.save_weights(tmp_path / "cnn_logistic.weights.h5")
    fresh.load_weights(tmp_path / "cnn_logistic.weights.h5")
    np.testing.assert_array_equal(CNN_LOGISTIC.scores(fresh, CnnLogistic())(features), before)


def test_scores_share_the_network(sizes, data):
    network = CNN_LOGISTIC.build(sizes, CnnLogistic())
    scores = CNN_LOGISTIC.scores(network, CnnLogistic())
    assert scores.get_layer("logits") is network.get_layer("logits")
    network.get_layer("logits").bias.assign([0.0, 0.0, 99.0, 0.0, 0.0])
    features, _ = _batch(data, "test")
    assert np.argmax(scores(features), axis=1).tolist() == [2] * 6


def test_steps_lower_the_loss(sizes, data):
    network = CNN_LOGISTIC.build(sizes, CnnLogistic())
    loss = CNN_LOGISTIC.loss(CnnLogistic())
    features, targets = _batch(data)
    optimizer = keras.optimizers.SGD(0.05)
    losses = []
    for _ in range(30):
        with tf.GradientTape() as tape:
            losses.append(tf.reduce_mean(loss(targets, network(features, training=True))))
        optimizer.apply(
            tape.gradient(losses[-1], [variable.value for variable in network.trainable_variables]),
            network.trainable_variables,
        )
    assert losses[-1] < 0.8 * losses[0]


def test_says_what_it_is():
    assert CNN_LOGISTIC.name == "cnn_logistic"
    assert "1511.05616" in CNN_LOGISTIC.citation
    assert (CNN_LOGISTIC.reads, CNN_LOGISTIC.predicts_quantity) == (
        "image",
        False,
    )
    assert CNN_LOGISTIC.name in Methods.model_fields
    assert CNN_LOGISTIC.adapt is None
