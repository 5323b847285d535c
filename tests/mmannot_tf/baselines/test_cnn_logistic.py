import numpy as np
import tensorflow as tf

from mmannot_tf.baselines.cnn_logistic import METHOD
from mmannot_tf.config.methods import CnnLogistic
from mmannot_tf.losses.sigmoid_cross_entropy import SigmoidCrossEntropy


def test_loss_is_the_summed_cross_entropy():
    targets, logits = tf.constant([[1, 0, 1]]), tf.constant([[2.0, -1.0, 0.5]])
    loss = METHOD.loss(CnnLogistic())({"labels": targets}, logits)
    np.testing.assert_allclose(loss, SigmoidCrossEntropy("sum").call(targets, logits))
