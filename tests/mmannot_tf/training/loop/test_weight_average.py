import keras
import numpy as np
import pytest

from mmannot_tf.config.settings import TrainingSettings
from mmannot_tf.training.loop.weight_average import weight_average


@pytest.fixture
def weights():
    return keras.Variable(np.array([1.0, -2.0]), dtype="float32")


def trained(weights, steps, **training):
    """The average after `steps` steps, each of which adds 1 to the weights; and the weights then."""
    average = weight_average(TrainingSettings(**training), [weights])
    for _ in range(steps):
        weights.assign_add(np.ones(2))
        average.after_step()
    with average.evaluated():
        found = weights.numpy()
    return found, weights.numpy()


@pytest.mark.parametrize("training", [{"weight_decay": "ema_num_updates"}, {"average_decay": 0.4}])
def test_the_decay_grows_with_the_updates(weights, training):
    """TensorFlow's own average with num_updates is the judge."""
    import tensorflow as tf

    decay = training.get("average_decay", 0.9997)
    variable = tf.Variable([1.0, -2.0])
    judge = tf.train.ExponentialMovingAverage(decay, num_updates=(count := tf.Variable(0)))
    judge.apply([variable])  # in eager mode this also starts the average at the variable's value
    start = judge.average(variable).numpy()
    np.testing.assert_array_equal(start, [1.0, -2.0])
    for _ in range(20):
        variable.assign_add(tf.ones(2))
        judge.apply([variable])
        count.assign_add(1)
    found, after = trained(weights, 20, **training)
    np.testing.assert_allclose(found, judge.average(variable), rtol=1e-6)
    np.testing.assert_array_equal(after, [21.0, 18.0])


def test_the_reading_ema_has_its_decay_from_the_first_update_on(weights):
    found, _ = trained(weights, 1, weight_decay="ema")
    np.testing.assert_allclose(found, [1.0 + 0.0003, -2.0 + 0.0003], rtol=1e-6)


@pytest.mark.parametrize("reading", ["l2", "literal", "shrink", "none"])
def test_without_an_average_the_weights_themselves_are_evaluated(weights, reading):
    found, after = trained(weights, 3, weight_decay=reading)
    np.testing.assert_array_equal(found, after)
    assert weight_average(TrainingSettings(weight_decay=reading), [weights]).variables == []


def test_a_checkpoint_holds_the_averages_and_their_number(weights):
    average = weight_average(TrainingSettings(average_decay=0.9), [weights])
    average.after_step()
    assert [variable.numpy().tolist() for variable in average.variables] == [[1.0, -2.0], 1]
