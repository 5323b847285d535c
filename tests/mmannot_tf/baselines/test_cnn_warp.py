import numpy as np
import pytest
import tensorflow as tf

from mmannot_tf.baselines.cnn_warp import METHOD
from mmannot_tf.config.methods import CnnWarp
from mmannot_tf.losses.warp import Warp


def test_scores_are_the_raw_outputs(sizes, batch_of):
    network = METHOD.build(sizes, CnnWarp())
    features, _ = batch_of(METHOD, CnnWarp(), "test")
    np.testing.assert_array_equal(METHOD.scores(network, CnnWarp())(features), network(features))


@pytest.mark.parametrize("rank", ["sampled", "exact"])
def test_loss_takes_ranks_as_set(rank):
    targets, scores = tf.constant([[1, 0, 0, 1]]), tf.constant([[0.5, 1.0, -2.0, 0.0]])
    loss = METHOD.loss(CnnWarp(rank=rank))({"labels": targets}, scores)
    np.testing.assert_array_equal(loss, Warp(rank).call(targets, scores))
