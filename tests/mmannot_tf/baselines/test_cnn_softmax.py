import keras
import numpy as np
import tensorflow as tf

from mmannot_tf.baselines.cnn_softmax import CNN_SOFTMAX
from mmannot_tf.config.methods import CnnSoftmax, Methods


def _batch(data, split="train"):
    examples = CNN_SOFTMAX.prepare(data, split, CnnSoftmax())
    return examples.inputs["features"], {"labels": tf.constant(examples.targets["labels"])}


def test_reads_features_against_labels(data):
    examples = CNN_SOFTMAX.prepare(data, "test", CnnSoftmax())
    assert set(examples.inputs) == {"features"}
    assert set(examples.targets) == {"labels"}
    assert examples.inputs["features"].shape == (6, 8)
    assert examples.targets["labels"].shape == (6, 5)
    assert (examples.finish, examples.lengths) == (None, None)


def test_scores_are_the_softmax(sizes, data):
    network = CNN_SOFTMAX.build(sizes, CnnSoftmax())
    features, _ = _batch(data, "test")
    scores = CNN_SOFTMAX.scores(network, CnnSoftmax())(features).numpy()
    exponentials = np.exp(network(features).numpy())
    np.testing.assert_allclose(scores, exponentials / exponentials.sum(1, keepdims=True), rtol=1e-5)
    np.testing.assert_allclose(scores.sum(1), 1.0, rtol=1e-6)


def test_loss_of_equal_logits_is_log_c():
    loss = CNN_SOFTMAX.loss(CnnSoftmax())({"labels": tf.constant([[1, 0, 1, 0]])}, tf.zeros((1, 4)))
    np.testing.assert_allclose(loss, [np.log(4)], rtol=1e-6)


def test_gradient_reaches_every_trainable_variable(sizes, data):
    network = CNN_SOFTMAX.build(sizes, CnnSoftmax())
    features, targets = _batch(data)
    with tf.GradientTape() as tape:
        losses = CNN_SOFTMAX.loss(CnnSoftmax())(targets, network(features, training=True))
        loss = tf.reduce_mean(losses)
    assert losses.shape == (24,)
    gradients = tape.gradient(loss, [variable.value for variable in network.trainable_variables])
    assert len(gradients) == 2
    assert all(np.any(gradient) for gradient in gradients)


def test_weights_round_trip(sizes, data, tmp_path):
    network, fresh = (CNN_SOFTMAX.build(sizes, CnnSoftmax()) for _ in range(2))
    features, _ = _batch(data)
    before, other = (CNN_SOFTMAX.scores(one, CnnSoftmax())(features).numpy() for one in (network, fresh))
    assert not np.allclose(before, other)
    network.save_weights(tmp_path / "cnn_softmax.weights.h5")
    fresh.load_weights(tmp_path / "cnn_softmax.weights.h5")
    np.testing.assert_array_equal(CNN_SOFTMAX.scores(fresh, CnnSoftmax())(features), before)


def test_scores_share_the_network(sizes, data):
    network = CNN_SOFTMAX.build(sizes, CnnSoftmax())
    scores = CNN_SOFTMAX.scores(network, CnnSoftmax())
    assert scores.get_layer("logits") is network.get_layer("logits")
    network.get_layer("logits").bias.assign([0.0, 0.0, 99.0, 0.0, 0.0])
    features, _ = _batch(data, "test")
    assert np.argmax(scores(features), axis=1).tolist() == [2] * 6


def test_steps_lower_the_loss(sizes, data):
    network = CNN_SOFTMAX.build(sizes, CnnSoftmax())
    loss = CNN_SOFTMAX.loss(CnnSoftmax())
    features, targets = _batch(data)
    optimizer = keras.optimizers.SGD(0.5)
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
    assert CNN_SOFTMAX.name == "cnn_softmax"
    assert "1312.4894" in CNN_SOFTMAX.citation
    assert (CNN_SOFTMAX.reads, CNN_SOFTMAX.predicts_quantity) == (
        "image",
        False,
    )
    assert CNN_SOFTMAX.name in Methods.model_fields
    assert CNN_SOFTMAX.adapt is None
