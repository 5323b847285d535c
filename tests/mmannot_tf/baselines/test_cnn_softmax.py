import numpy as np
import tensorflow as tf

from mmannot_tf.baselines.cnn_softmax import METHOD
from mmannot_tf.config.methods import CnnSoftmax


def test_scores_are_the_softmax(sizes, batch_of):
    network = METHOD.build(sizes, CnnSoftmax())
    features, _ = batch_of(METHOD, CnnSoftmax(), "test")
    scores = METHOD.scores(network, CnnSoftmax())(features).numpy()
    exponentials = np.exp(network(features).numpy())
    np.testing.assert_allclose(scores, exponentials / exponentials.sum(1, keepdims=True), rtol=1e-5)
    np.testing.assert_allclose(scores.sum(1), 1.0, rtol=1e-6)


def test_loss_of_equal_logits_is_log_c():
    loss = METHOD.loss(CnnSoftmax())({"labels": tf.constant([[1, 0, 1, 0]])}, tf.zeros((1, 4)))
    np.testing.assert_allclose(loss, [np.log(4)], rtol=1e-6)
