import numpy as np
import tensorflow as tf

from mmannot_tf.baselines.asl import METHOD
from mmannot_tf.config.methods import Asl
from mmannot_tf.losses.asymmetric import AsymmetricLoss


def test_loss_takes_the_settings():
    targets, logits = tf.constant([[1, 0, 1]]), tf.constant([[2.0, -1.0, 0.5]])
    settings = Asl(gamma_negative=2.0, gamma_positive=1.0, margin=0.1)
    loss = METHOD.loss(settings)({"labels": targets}, logits)
    np.testing.assert_array_equal(loss, AsymmetricLoss(2.0, 1.0, 0.1).call(targets, logits))
