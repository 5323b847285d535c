import numpy as np
import tensorflow as tf

from mmannot_tf.baselines.ria import METHOD
from mmannot_tf.config.methods import Ria

SETTINGS = Ria(embedding=6, units=16)


def test_weights_are_those_of_the_paper(sizes):
    assert {
        weight.path: tuple(weight.shape) for weight in METHOD.build(sizes, SETTINGS).trainable_variables
    } == {
        "decoder/initial/kernel": (8, 16),
        "decoder/initial/bias": (16,),
        "decoder/label_lstm/table": (6, 6),
        "decoder/label_lstm/lstm/lstm_cell/kernel": (6, 64),
        "decoder/label_lstm/lstm/lstm_cell/recurrent_kernel": (16, 64),
        "decoder/label_lstm/lstm/lstm_cell/bias": (64,),
        "decoder/logits/kernel": (16, 6),
        "decoder/logits/bias": (6,),
    }


def test_the_feature_sets_the_hidden_state_and_the_cell_starts_at_0(sizes):
    hidden, cell = METHOD.build(sizes, SETTINGS).get_layer("decoder").start(tf.ones((2, 8)))
    assert (np.abs(hidden) > 0).any()
    assert (cell.numpy() == 0).all()


def test_outputs_are_logits_of_labels_and_stop(sizes, data):
    examples = METHOD.prepare(data, "train", SETTINGS)
    logits = METHOD.build(sizes, SETTINGS)(dict(examples.inputs))
    assert logits.shape == (24, examples.lengths.max(), 6)


def test_sequences_are_rare_first_and_end_with_the_stop(data):
    counts = data("train").labels.sum(axis=0, dtype=int)
    targets = METHOD.prepare(data, "train", SETTINGS).targets
    for steps, length in zip(targets["sequence"], targets["length"], strict=True):
        assert steps[length - 1] == 5
        assert (np.diff(counts[steps[: length - 1]]) >= 0).all()


def test_the_order_is_a_setting(data):
    counts = data("train").labels.sum(axis=0, dtype=int)
    targets = METHOD.prepare(data, "train", Ria(order="frequent_first")).targets
    for steps, length in zip(targets["sequence"], targets["length"], strict=True):
        assert (np.diff(counts[steps[: length - 1]]) <= 0).all()
