from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from mmannot_tf.layers.batch_norm import BatchNorm


def test_epsilon_is_added_to_the_variance():
    layer = BatchNorm(momentum=0.9, epsilon=0.5).layer("bn")
    np.testing.assert_allclose(layer(np.array([[3.0]], np.float32)), [[3.0 / np.sqrt(1 + 0.5)]], rtol=1e-6)


@pytest.mark.parametrize(("replicas", "synchronized"), [(1, False), (2, True)])
def test_statistics_are_those_of_the_global_batch(monkeypatch, replicas, synchronized):
    strategy = SimpleNamespace(num_replicas_in_sync=replicas)
    monkeypatch.setattr(tf.distribute, "get_strategy", lambda: strategy)
    assert BatchNorm(0.9, 1e-3).layer("bn").synchronized is synchronized


def test_moving_statistics_decay_with_the_momentum():
    layer = BatchNorm(momentum=0.9, epsilon=1e-3).layer("bn")
    x = np.array([[1.0], [3.0]], np.float32)
    layer(x, training=True)
    np.testing.assert_allclose(layer.moving_mean.numpy(), [0.9 * 0 + 0.1 * 2], rtol=1e-6)
    np.testing.assert_allclose(layer.moving_variance.numpy(), [0.9 * 1 + 0.1 * 1], rtol=1e-6)
