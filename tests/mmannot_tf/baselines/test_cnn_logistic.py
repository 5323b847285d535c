import numpy as np
import tensorflow as tf

from mmannot_tf.baselines.cnn_logistic import CNN_LOGISTIC
from mmannot_tf.config.methods import CnnLogistic
from mmannot_tf.losses.sigmoid_cross_entropy import SigmoidCrossEntropy


def _batch(data, split="train"):
    examples = CNN_LOGISTIC.prepare(data, split, CnnLogistic())
    return examples.inputs["features"], {"labels": tf.constant(examples.targets["labels"])}


def test_scores_are_sigmoids_of_the_logits(sizes, data):
    network = CNN_LOGISTIC.build(sizes, CnnLogistic())
    features, _ = _batch(data, "test")
    scores = CNN_LOGISTIC.scores(network, CnnLogistic())(features)
    np.testing.assert_allclose(scores, 1 / (1 + np.exp(-network(features).numpy())), rtol=1e-5)


def test_loss_is_the_summed_cross_entropy():
    targets, logits = tf.constant([[1, 0, 1]]), tf.constant([[2.0, -1.0, 0.5]])
    loss = CNN_LOGISTIC.loss(CnnLogistic())({"labels": targets}, logits)
    np.testing.assert_allclose(loss, SigmoidCrossEntropy("sum")(targets, logits))
