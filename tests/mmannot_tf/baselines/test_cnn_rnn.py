import keras
import numpy as np
import pytest
import tensorflow as tf

from mmannot_tf.baselines.cnn_rnn import METHOD
from mmannot_tf.config.methods import CnnRnn

SETTINGS = CnnRnn(embedding=6, units=16)


@pytest.fixture
def network(sizes):
    keras.utils.set_random_seed(0)
    return METHOD.build(sizes, SETTINGS)


def test_sizes_are_the_papers():
    """Wang et al. (CVPR 2016), Sec. 4; their labels enter frequent first."""
    assert (CnnRnn().embedding, CnnRnn().units, CnnRnn().order) == (64, 512, "frequent_first")


def test_weights_are_those_of_the_paper_with_one_table_of_label_vectors(network):
    assert {weight.path: tuple(weight.shape) for weight in network.trainable_variables} == {
        "decoder/label_lstm/table": (6, 6),
        "decoder/label_lstm/lstm/lstm_cell/kernel": (6, 64),
        "decoder/label_lstm/lstm/lstm_cell/recurrent_kernel": (16, 64),
        "decoder/label_lstm/lstm/lstm_cell/bias": (64,),
        "decoder/U_o/kernel": (16, 6),
        "decoder/U_I/kernel": (8, 6),
    }


def test_logits_equal_the_equations(network, data):
    decoder, inputs = network.get_layer("decoder"), METHOD.prepare(data, "train", SETTINGS).inputs
    zeros = tf.zeros((24, 16))
    o = decoder.lstm(inputs["sequence"], zeros, zeros).numpy()
    u_o, u_i = decoder.from_output.kernel.numpy(), decoder.from_image.kernel.numpy()
    u_l = decoder.lstm.table.numpy()[:5].T
    x = np.maximum(o @ u_o + (inputs["features"] @ u_i)[:, np.newaxis], 0)
    np.testing.assert_allclose(network(dict(inputs)), x @ u_l, atol=1e-5)


def test_a_labels_vector_is_what_it_is_scored_by_and_what_follows_it(network, data):
    inputs = {"features": data("train").features, "sequence": np.tile(np.int32([5, 2, 0]), (24, 1))}
    before = network(inputs).numpy()
    table = network.get_layer("decoder").lstm.table
    table.assign(table.numpy() + np.eye(6)[2][:, np.newaxis])
    changed = np.abs(network(inputs).numpy() - before).max(axis=0) > 1e-6
    assert changed[0].tolist() == [False, False, True, False, False]
    assert changed[1:].all()


def test_the_starts_vector_is_not_scored(network, data):
    examples = METHOD.prepare(data, "train", SETTINGS)
    assert network(dict(examples.inputs)).shape == (24, examples.lengths.max(), 5)


def test_sequences_are_frequent_first_without_a_stop(data):
    counts = data("train").labels.sum(axis=0, dtype=int)
    targets = METHOD.prepare(data, "train", SETTINGS).targets
    np.testing.assert_array_equal(targets["length"], data("train").labels.sum(axis=1))
    for steps, length in zip(targets["sequence"], targets["length"], strict=True):
        assert (steps[:length] < 5).all()
        assert (np.diff(counts[steps[:length]]) <= 0).all()


@pytest.mark.parametrize(("labels", "given"), [(1, 1), (3, 3), (5, 5), (9, 5)])
def test_every_image_gets_as_many_labels_as_the_settings_say(network, data, labels, given):
    settings = CnnRnn(embedding=6, units=16, labels=labels)
    scores = METHOD.scores(network, settings)(dict(METHOD.prepare(data, "test", settings).inputs))
    assert ((scores.numpy() > 0).sum(axis=1) == given).all()
