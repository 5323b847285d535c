import keras
import numpy as np
import pytest
import tensorflow as tf

from mmannot_tf.baselines.label_sequences import sequence_cross_entropy
from mmannot_tf.baselines.sr_cnn_rnn import METHOD
from mmannot_tf.config.methods import SrCnnRnn

SMALL = {"embedding": 6, "units": 16}
SETTINGS = SrCnnRnn(**SMALL)
COUNTS = {"labels": 5, "tags": 7, "both": 12}


def _network(sizes, settings=SETTINGS):
    keras.utils.set_random_seed(0)
    return METHOD.build(sizes, settings)


@pytest.mark.parametrize("concepts", COUNTS)
def test_weights_are_those_of_the_paper(sizes, concepts):
    network = _network(sizes, SrCnnRnn(**SMALL, concepts=concepts))
    assert {weight.path: tuple(weight.shape) for weight in network.trainable_variables} == {
        "concepts/kernel": (8, COUNTS[concepts]),
        "concepts/bias": (COUNTS[concepts],),
        "decoder/initial/kernel": (COUNTS[concepts], 32),
        "decoder/initial/bias": (32,),
        "decoder/label_lstm/table": (6, 6),
        "decoder/label_lstm/lstm/lstm_cell/kernel": (6, 64),
        "decoder/label_lstm/lstm/lstm_cell/recurrent_kernel": (16, 64),
        "decoder/label_lstm/lstm/lstm_cell/bias": (64,),
        "decoder/logits/kernel": (16, 6),
        "decoder/logits/bias": (6,),
    }


def test_the_decoder_gets_the_concepts_probabilities_and_nothing_else_of_the_image(sizes, data):
    network, inputs = _network(sizes), dict(METHOD.prepare(data, "train", SETTINGS).inputs)
    outputs = network(inputs)
    probabilities = 1 / (1 + np.exp(-outputs["concepts"].numpy()))
    steps = network.get_layer("decoder")(inputs["sequence"], probabilities)
    np.testing.assert_allclose(outputs["steps"], steps, atol=1e-5)


@pytest.mark.parametrize("concepts", COUNTS)
def test_targets_are_the_sequences_and_the_concepts_the_settings_name(data, concepts):
    examples = METHOD.prepare(data, "train", SrCnnRnn(**SMALL, concepts=concepts))
    named = {"labels": {"labels"}, "tags": {"tags"}, "both": {"labels", "tags"}}[concepts]
    assert set(examples.targets) == {"sequence", "length", *named}
    assert set(examples.inputs) == {"features", "sequence"}
    for name in named:
        np.testing.assert_array_equal(examples.targets[name], getattr(data("train"), name))


@pytest.mark.slow
@pytest.mark.parametrize("weight", [0.5, 2.0])
@pytest.mark.parametrize("concepts", COUNTS)
def test_the_loss_is_that_of_the_steps_and_the_weighted_one_of_the_concepts(sizes, data, concepts, weight):
    settings = SrCnnRnn(**SMALL, concepts=concepts, concept_weight=weight)
    examples, train = METHOD.prepare(data, "train", settings), data("train")
    outputs = _network(sizes, settings)(dict(examples.inputs))
    y = {"labels": [train.labels], "tags": [train.tags], "both": [train.labels, train.tags]}[concepts]
    y, p = np.concatenate(y, axis=1), 1 / (1 + np.exp(-outputs["concepts"].numpy().astype(float)))
    of_concepts = -(y * np.log(p) + (1 - y) * np.log(1 - p)).sum(axis=1)
    expected = sequence_cross_entropy(examples.targets, outputs["steps"]) + weight * of_concepts
    np.testing.assert_allclose(METHOD.loss(settings)(examples.targets, outputs), expected, rtol=1e-5)


def test_scores_read_no_tags(sizes, data):
    network = _network(sizes)
    assert set(METHOD.scores(network, SETTINGS).input) == {"features", "sequence"}


def test_the_context_sets_hidden_state_and_cell(sizes):
    hidden, cell = _network(sizes).get_layer("decoder").start(tf.ones((2, 12)))
    assert hidden.shape == cell.shape == (2, 16)
    assert (np.abs(hidden) > 0).any()
    assert (np.abs(cell) > 0).any()


def test_sequences_are_rare_first_and_end_with_the_stop(data):
    counts = data("train").labels.sum(axis=0, dtype=int)
    targets = METHOD.prepare(data, "train", SETTINGS).targets
    for steps, length in zip(targets["sequence"], targets["length"], strict=True):
        assert steps[length - 1] == 5
        assert (np.diff(counts[steps[: length - 1]]) >= 0).all()
