import numpy as np
import tensorflow as tf

from mmannot_tf.losses.quantity_error import QuantityError
from mmannot_tf.losses.sigmoid_cross_entropy import SigmoidCrossEntropy
from mmannot_tf.losses.summed import SummedLoss

LOSS = SummedLoss({"labels": SigmoidCrossEntropy(), "quantity": QuantityError()})
TARGETS = {"labels": tf.constant([[1.0, 0.0], [1.0, 1.0]]), "quantity": tf.constant([1.0, 2.0])}


def test_each_example_pays_for_its_labels_and_for_its_quantity():
    outputs = {"labels": tf.zeros((2, 2)), "quantity": tf.constant([1.5, 5.0])}
    expected = [2 * np.log(2) + 0.5**2, 2 * np.log(2) + 3.0**2]
    np.testing.assert_allclose(LOSS.call(TARGETS, outputs), expected, rtol=1e-6)


def test_both_weigh_one():
    logits, quantity = tf.constant([[0.5, -1.0], [2.0, 0.0]]), tf.constant([1.5, 5.0])
    with tf.GradientTape() as tape:
        tape.watch([logits, quantity])
        loss = tf.reduce_sum(LOSS.call(TARGETS, {"labels": logits, "quantity": quantity}))
    of_logits, of_quantity = tape.gradient(loss, [logits, quantity])
    np.testing.assert_allclose(of_logits, 1 / (1 + np.exp(-logits.numpy())) - TARGETS["labels"], atol=1e-6)
    np.testing.assert_allclose(of_quantity, 2 * (quantity.numpy() - TARGETS["quantity"].numpy()))
