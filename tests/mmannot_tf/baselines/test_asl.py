import numpy as np
import tensorflow as tf

from mmannot_tf.baselines.asl import ASL
from mmannot_tf.config.methods import Asl
from mmannot_tf.losses.asymmetric import AsymmetricLoss


def _batch(data, split="train"):
    examples = ASL.prepare(data, split, Asl())
    return examples.inputs["features"], {"labels": tf.constant(examples.targets["labels"])}


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
