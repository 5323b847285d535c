"""What the three systems that decode label sequences have in common."""

from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from tiers import exhaustive

from mmannot_tf.baselines import cnn_rnn, ria, sr_cnn_rnn
from mmannot_tf.baselines.method import Method, MethodData, Sizes
from mmannot_tf.config.methods import CnnRnn, Methods, Ria, SrCnnRnn
from mmannot_tf.data.tag_lists import padded

SMALL = {"embedding": 6, "units": 16}
CASES = {
    "cnn_rnn": (cnn_rnn.METHOD, CnnRnn(**SMALL, labels=2)),
    "ria": (ria.METHOD, Ria(**SMALL)),
    "sr_cnn_rnn": (sr_cnn_rnn.METHOD, SrCnnRnn(**SMALL, beam=2)),
}


@pytest.fixture(params=CASES)
def case(request) -> tuple[Method, CnnRnn | Ria | SrCnnRnn]:
    return CASES[request.param]


@pytest.fixture
def network(case, sizes):
    method, settings = case
    keras.utils.set_random_seed(0)
    return method.build(sizes, settings)


def _predicted(scores, inputs):
    """In batches of 5, the last one smaller."""
    return scores.predict(tf.data.Dataset.from_tensor_slices(dict(inputs)).batch(5), verbose=0)


def _scattered(network):
    """Larger weights, so that images get different labels."""
    rng = np.random.default_rng(0)
    for variable in network.trainable_variables:
        variable.assign(2.0 * rng.normal(size=variable.shape) / np.sqrt(variable.shape[0]))


def test_is_named_as_its_settings(case):
    method, settings = case
    assert type(getattr(Methods(), method.name)) is type(settings)


@pytest.mark.slow
def test_scores_are_one_over_the_labels_places(case, network, data):
    method, settings = case
    _scattered(network)
    scores = _predicted(method.scores(network, settings), method.prepare(data, "test", settings).inputs)
    assert scores.shape == (6, 5)
    assert scores.dtype == np.float32
    for row in scores:
        given = np.sort(row[row != 0])[::-1]
        np.testing.assert_array_equal(given, 1 / np.arange(1, len(given) + 1, dtype=np.float32))
        assert len(given) == 2 if method is cnn_rnn.METHOD else len(given) >= 1


@pytest.mark.slow
def test_scores_do_not_depend_on_the_sequence(case, network, data):
    method, settings = case
    _scattered(network)
    scores, inputs = method.scores(network, settings), method.prepare(data, "train", settings).inputs
    other = {**inputs, "sequence": (inputs["sequence"][:, :2] + 1) % 6}
    expected = _predicted(scores, inputs)
    np.testing.assert_array_equal(_predicted(scores, other), expected)
    turned = {**inputs, "features": inputs["features"][::-1]}
    assert (_predicted(scores, turned) != expected).any()


def test_inputs_outside_training_tell_nothing_of_the_labels(case, data):
    method, settings = case

    def relabelled(split):
        of_split = data(split)
        if split == "train":
            return of_split
        return replace(of_split, tag_lists=of_split.tag_lists[::-1], labels=of_split.labels[::-1])

    inputs = method.prepare(data, "validation", settings).inputs
    other = method.prepare(relabelled, "validation", settings).inputs
    for name, value in inputs.items():
        np.testing.assert_array_equal(value, other[name])


@pytest.mark.slow
def test_saved_weights_give_the_same_scores(case, network, sizes, data, tmp_path):
    method, settings = case
    _scattered(network)
    network.save_weights(tmp_path / "network.weights.h5")
    inputs = method.prepare(data, "train", settings).inputs
    fresh = method.build(sizes, settings)
    scores = method.scores(fresh, settings)
    expected, before = _predicted(method.scores(network, settings), inputs), _predicted(scores, inputs)
    fresh.load_weights(tmp_path / "network.weights.h5")
    assert (before != expected).any()
    np.testing.assert_array_equal(_predicted(scores, inputs), expected)


def test_scores_have_no_weights_of_their_own(case, network):
    method, settings = case
    own = {id(variable) for variable in network.variables}
    assert {id(variable) for variable in method.scores(network, settings).variables} <= own


def test_the_loss_reaches_every_weight_by_a_dense_gradient(case, network, data):
    method, settings = case
    examples, weights = method.prepare(data, "train", settings), network.trainable_variables
    with tf.GradientTape() as tape:
        losses = method.loss(settings)(examples.targets, network(dict(examples.inputs), training=True))
    assert losses.shape == (24,)
    gradients = tape.gradient(losses, [weight.value for weight in weights])
    for weight, gradient in zip(weights, gradients, strict=True):
        assert isinstance(gradient, tf.Tensor), weight.path
        assert np.abs(gradient).max() > 0, weight.path


def test_a_batch_made_shorter_has_the_same_loss(case, network, data):
    method, settings = case
    examples, loss = method.prepare(data, "train", settings), method.loss(settings)
    short = np.flatnonzero(examples.lengths <= 2)
    inputs = {name: tf.constant(value[short]) for name, value in examples.inputs.items()}
    targets = {name: tf.constant(value[short]) for name, value in examples.targets.items()}
    fewer_inputs, fewer_targets = examples.finish(inputs, targets)
    assert fewer_inputs["sequence"].shape[1] == 2 < inputs["sequence"].shape[1]
    np.testing.assert_allclose(
        loss(fewer_targets, network(fewer_inputs)), loss(targets, network(inputs)), rtol=1e-5
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sr_cnn_rnn", *exhaustive(["cnn_rnn", "ria"])])
def test_training_learns_the_labels_of_a_separable_set_and_the_scores_follow(name):
    method, settings = CASES[name]
    pairs = [(i, j) for i in range(4) for j in range(i)]
    labels = np.zeros((len(pairs), 4), np.uint8)
    for row, pair in zip(labels, pairs, strict=True):
        row[list(pair)] = 1
    features = np.repeat(labels, 2, axis=1).astype(np.float32) - 0.5
    tags = padded(np.flatnonzero(row) for row in labels[:, :3])
    train = MethodData(features, tags, labels, vocabulary=3)
    keras.utils.set_random_seed(0)
    network = method.build(Sizes((8,), 4, 3), settings)
    examples = method.prepare({"train": train}.__getitem__, "train", settings)
    scores, loss = method.scores(network, settings), method.loss(settings)
    optimizer = keras.optimizers.Adam(0.01)
    optimizer.build(network.trainable_variables)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            objective = tf.reduce_mean(loss(examples.targets, network(dict(examples.inputs), training=True)))
        optimizer.apply(
            tape.gradient(objective, [variable.value for variable in network.trainable_variables])
        )

    before = _predicted(scores, examples.inputs)
    for _ in range(250):
        step()
    after = _predicted(scores, examples.inputs)
    assert ((before > 0) != labels).any()
    np.testing.assert_array_equal(after > 0, labels.astype(bool))
