import tensorflow as tf

from mmannot_tf.losses.quantity_error import QuantityError


def test_squared_error_of_each_example():
    loss = QuantityError().call(tf.constant([3.0, 1.0, 2.0]), tf.constant([2.5, 1.0, 4.0]))
    assert loss.numpy().tolist() == [0.5**2, 0.0, 2.0**2]


def test_whole_quantities_are_taken():
    assert QuantityError().call(tf.constant([3]), tf.constant([1.0])).numpy().tolist() == [4.0]
