import keras
import numpy as np
import pytest
import tensorflow as tf

from mmannot_tf.baselines.cnn_warp import CNN_WARP
from mmannot_tf.config.methods import CnnWarp, Methods
from mmannot_tf.losses.warp import Warp


def _batch(data, split="train"):
    examples = CNN_WARP.prepare(data, split, CnnWarp())
    return examples.inputs["features"], {"labels": tf.constant(examples.targets["labels"])}


def test_reads_features_against_labels(data):
    examples = CNN_WARP.prepare(data, "test", CnnWarp())
    assert set(examples.inputs) == {"features"}
    assert set(examples.targets) == {"labels"}
    assert examples.inputs["features"].shape == (6, 8)
    assert examples.targets["labels"].shape == (6, 5)
    assert (examples.finish, examples.lengths) == (None, None)


def test_scores_are_the_raw_outputs(sizes, data):
    network = CNN_WARP.build(sizes, CnnWarp())
    features, _ = _batch(data, "test")
    np.testing.assert_array_equal(CNN_WARP.scores(network, CnnWarp())(features), network(features))


@pytest.mark.parametrize("rank", ["sampled", "exact"])
def test_loss_takes_ranks_as_set(rank):
    targets, scores = tf.constant([[1, 0, 0, 1]]), tf.constant([[0.5, 1.0, -2.0, 0.0]])
    loss = CNN_WARP.loss(CnnWarp(rank=rank))({"labels": targets}, scores)
    np.testing.assert_array_equal(loss, Warp(rank)(targets, scores))


def test_gradient_reaches_every_trainable_variable(sizes, data):
    network = CNN_WARP.build(sizes, CnnWarp())
    features, targets = _batch(data)
    with tf.GradientTape() as tape:
        losses = CNN_WARP.loss(CnnWarp())(targets, network(features, training=True))
        loss = tf.reduce_mean(losses)
    assert losses.shape == (24,)
    gradients = tape.gradient(loss, [variable.value for variable in network.trainable_variables])
    assert len(gradients) == 2
    assert all(np.any(gradient) for gradient in gradients)


def test_weights_round_trip(sizes, data, tmp_path):
    network, fresh = (CNN_WARP.build(sizes, CnnWarp()) for _ in range(2))
    features, _ = _batch(data)
    before, other = (CNN_WARP.scores(one, CnnWarp())(features).numpy() for one in (network, fresh))
    assert not np.allclose(before, other)
    network.save_weights(tmp_path / "cnn_warp.weights.h5")
    fresh.load_weights(tmp_path / "cnn_warp.weights.h5")
    np.testing.assert_array_equal(CNN_WARP.scores(fresh, CnnWarp())(features), before)


def test_scores_share_the_network(sizes, data):
    network = CNN_WARP.build(sizes, CnnWarp())
    scores = CNN_WARP.scores(network, CnnWarp())
    assert scores.get_layer("logits") is network.get_layer("logits")
    network.get_layer("logits").bias.assign([0.0, 0.0, 99.0, 0.0, 0.0])
    features, _ = _batch(data, "test")
    assert np.argmax(scores(features), axis=1).tolist() == [2] * 6


def test_steps_lower_the_loss(sizes, data):
    network = CNN_WARP.build(sizes, CnnWarp())
    loss = CNN_WARP.loss(CnnWarp())
    features, targets = _batch(data)
    optimizer = keras.optimizers.SGD(0.01)
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
    assert CNN_WARP.name == "cnn_warp"
    assert "1312.4894" in CNN_WARP.citation
    assert (CNN_WARP.reads, CNN_WARP.predicts_quantity) == ("image", False)
    assert CNN_WARP.name in Methods.model_fields
    assert CNN_WARP.adapt is None
