import keras
import numpy as np
import tensorflow as tf

from mmannot_tf.baselines.asl import ASL
from mmannot_tf.config.methods import Asl, Methods
from mmannot_tf.losses.asymmetric import AsymmetricLoss


def _batch(data, split="train"):
    examples = ASL.prepare(data, split, Asl())
    return examples.inputs["features"], {"labels": tf.constant(examples.targets["labels"])}


def test_reads_features_against_labels(data):
    examples = ASL.prepare(data, "test", Asl())
    assert set(examples.inputs) == {"features"}
    assert set(examples.targets) == {"labels"}
    assert examples.inputs["features"].shape == (6, 8)
    assert examples.targets["labels"].shape == (6, 5)
    assert (examples.finish, examples.lengths) == (None, None)


def test_scores_are_sigmoids_of_the_logits(sizes, data):
    network = ASL.build(sizes, Asl())
    features, _ = _batch(data, "test")
    scores = ASL.scores(network, Asl())(features)
    np.testing.assert_allclose(scores, 1 / (1 + np.exp(-network(features).numpy())), rtol=1e-5)


def test_loss_takes_the_settings():
    targets, logits = tf.constant([[1, 0, 1]]), tf.constant([[2.0, -1.0, 0.5]])
    settings = Asl(gamma_negative=2.0, gamma_positive=1.0, margin=0.1)
    loss = ASL.loss(settings)({"labels": targets}, logits)
    np.testing.assert_array_equal(loss, AsymmetricLoss(2.0, 1.0, 0.1)(targets, logits))


def test_gradient_reaches_every_trainable_variable(sizes, data):
    network = ASL.build(sizes, Asl())
    features, targets = _batch(data)
    with tf.GradientTape() as tape:
        losses = ASL.loss(Asl())(targets, network(features, training=True))
        loss = tf.reduce_mean(losses)
    assert losses.shape == (24,)
    gradients = tape.gradient(loss, [variable.value for variable in network.trainable_variables])
    assert len(gradients) == 2
    assert all(np.any(gradient) for gradient in gradients)


def test_weights_round_trip(sizes, data, tmp_path):
    network, fresh = (ASL.build(sizes, Asl()) for _ in range(2))
    features, _ = _batch(data)
    before, other = (ASL.scores(one, Asl())(features).numpy() for one in (network, fresh))
    assert not np.allclose(before, other)
    network.save_weights(tmp_path / "asl.weights.h5")
    fresh.load_weights(tmp_path / "asl.weights.h5")
    np.testing.assert_array_equal(ASL.scores(fresh, Asl())(features), before)


def test_scores_share_the_network(sizes, data):
    network = ASL.build(sizes, Asl())
    scores = ASL.scores(network, Asl())
    assert scores.get_layer("logits") is network.get_layer("logits")
    network.get_layer("logits").bias.assign([0.0, 0.0, 99.0, 0.0, 0.0])
    features, _ = _batch(data, "test")
    assert np.argmax(scores(features), axis=1).tolist() == [2] * 6


def test_steps_lower_the_loss(sizes, data):
    network = ASL.build(sizes, Asl())
    loss = ASL.loss(Asl())
    features, targets = _batch(data)
    optimizer = keras.optimizers.SGD(0.1)
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
    assert ASL.name == "asl"
    assert "2009.14119" in ASL.citation
    assert (ASL.reads, ASL.predicts_quantity) == ("image", False)
    assert ASL.name in Methods.model_fields
    assert ASL.adapt is None
