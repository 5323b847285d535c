"""One pass of a model over a split, without a run."""

import keras
import numpy as np
import tensorflow as tf

from mmannot_tf.data.replicas import OrderedSplit
from mmannot_tf.training.distribution import one_device
from mmannot_tf.training.inference.inference import model_outputs


def test_progress_counts_each_image_once_though_the_last_batch_is_smaller():
    numbers = np.arange(10, dtype=np.float32)[:, np.newaxis]
    batches = tf.data.Dataset.from_tensor_slices((numbers, numbers)).batch(4)
    double = keras.Sequential([keras.Input([1]), keras.layers.Rescaling(2.0)])
    counted = []
    outputs = model_outputs(double, OrderedSplit(lambda _: batches, 10, 4), one_device(), counted.append)
    np.testing.assert_array_equal(outputs, 2 * numbers)
    assert counted == [4, 4, 2]
