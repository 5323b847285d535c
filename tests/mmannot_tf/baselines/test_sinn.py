import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from mmannot_tf.baselines.method import MethodData
from mmannot_tf.baselines.sinn import EPSILON, METHOD, ConceptLayer, label_graph, observed_logits
from mmannot_tf.config.methods import Sinn
from mmannot_tf.data.tag_lists import padded

OBSERVED, HIDDEN = Sinn(observed="tags"), Sinn(observed="none")
BOTH = pytest.mark.parametrize("settings", [OBSERVED, HIDDEN], ids=["observed", "hidden"])


def _inputs(data, settings, split="test"):
    inputs = METHOD.prepare(data, split, settings).inputs
    inputs = {name: tf.constant(value, tf.float32) for name, value in inputs.items()}
    return inputs if len(inputs) > 1 else inputs["features"]


def _network(sizes, data, settings, seed=0):
    """A network on its graph, every weight moved from where it starts."""
    network, rng = METHOD.build(sizes, settings), np.random.default_rng(seed)
    METHOD.adapt(network, data("train"), settings)
    for variable in network.trainable_variables:
        variable.assign(variable + rng.normal(scale=0.5, size=variable.shape))
    return network


def _restated(network, features, tags):
    """The equations, a concept at a time, with tags observed where they are given."""
    w = {variable.path: variable.numpy().astype(float) for variable in network.weights}

    def masked(name, x):
        kernel, mask = w[f"{name}/kernel"], w[f"{name}/mask"]
        units = range(kernel.shape[1])
        return [max(sum(x[i] * kernel[i, k] * mask[i, k] for i in range(len(x))), 0.0) for k in units]

    def one_pass(name, x, before=None):
        a = np.subtract(masked(f"{name}/h_positive", x), masked(f"{name}/h_negative", x)) + w[f"{name}/bias"]
        if before is None:
            return a
        return a + np.subtract(masked(f"{name}/v_positive", before), masked(f"{name}/v_negative", before))

    x_1 = features @ w["x_labels/kernel"] + w["x_labels/bias"]
    if tags is None:
        x_2 = features @ w["x_tags/kernel"] + w["x_tags/bias"]
    else:
        x_2 = np.log(np.where(tags, 1 - EPSILON, EPSILON) / np.where(tags, EPSILON, 1 - EPSILON))
    down_1 = one_pass("down_labels", x_1)
    down_2 = one_pass("down_tags", x_2, down_1)
    up_2 = one_pass("up_tags", x_2)
    up_1 = one_pass("up_labels", x_1, up_2)
    return {
        name: down @ w[f"u_down_{name}/kernel"] + up @ w[f"u_up_{name}/kernel"] + w[f"u_down_{name}/bias"]
        for name, down, up in (("labels", down_1, up_1), ("tags", down_2, up_2))
    }


@BOTH
def test_passes_are_those_of_the_equations(sizes, data, settings):
    network, test = _network(sizes, data, settings), data("test")
    outputs = network(_inputs(data, settings))
    for image in range(6):
        tags = test.tags[image] if settings.observed == "tags" else None
        expected = _restated(network, test.features[image].astype(float), tags)
        for name in ("labels", "tags"):
            np.testing.assert_allclose(outputs[name][image], expected[name], rtol=1e-4, atol=1e-4)


def test_graph_of_a_worked_example():
    """Labels a, b and tags c, d: a and b share two images, a and c one, and d is alone."""
    labels = np.array([[1, 1], [1, 1], [1, 0], [0, 0]], np.uint8)
    tags = padded([[], [], [0], [1]])
    data = MethodData(np.zeros((4, 1), np.float32), tags, labels, vocabulary=2)
    positive, negative = label_graph(data, least=1, block=3)
    assert positive.astype(int).tolist() == [[1, 1, 1, 0], [1, 1, 0, 0], [1, 0, 1, 0], [0, 0, 0, 1]]
    assert negative.astype(int).tolist() == [[1, 0, 0, 1], [0, 1, 1, 1], [0, 1, 1, 1], [1, 1, 1, 1]]
    positive, again = label_graph(data, least=2)
    assert positive.astype(int).tolist() == [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    assert again.tolist() == negative.tolist()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**16), st.integers(1, 4), st.integers(1, 50))
def test_graph_is_symmetric_and_its_signs_exclude_each_other(seed, least, block):
    rng = np.random.default_rng(seed)
    labels, tags = (rng.random((40, n)) < 0.2 for n in (4, 6))
    lists = padded(np.flatnonzero(row) for row in tags)
    data = MethodData(np.zeros((40, 1), np.float32), lists, labels.astype(np.uint8), vocabulary=6)
    positive, negative = label_graph(data, least=least, block=block)
    shared = np.einsum("ni,nj->ij", *[np.hstack([labels, tags]).astype(int)] * 2)
    apart = ~np.eye(10, dtype=bool)
    assert (positive == positive.T).all() and (negative == negative.T).all()
    assert (positive == (shared >= least))[apart].all() and (negative == (shared == 0))[apart].all()
    assert not (positive & negative)[apart].any()
    assert positive.diagonal().all() and negative.diagonal().all()


def test_adapt_puts_the_graph_into_every_mask(sizes, data):
    network = METHOD.build(sizes, OBSERVED)
    masks = {v.path: v for v in network.non_trainable_variables}
    assert len(masks) == 12 and all((mask.numpy() == 1).all() for mask in masks.values())
    METHOD.adapt(network, data("train"), Sinn(least_cooccurrence=4))
    signs = dict(zip(("positive", "negative"), label_graph(data("train"), least=4), strict=True))
    for sign, edges in signs.items():
        for path, expected in (
            ("down_labels/h", edges[:5, :5]),
            ("up_labels/h", edges[:5, :5]),
            ("down_tags/h", edges[5:, 5:]),
            ("up_tags/h", edges[5:, 5:]),
            ("down_tags/v", edges[:5, 5:]),
            ("up_labels/v", edges[5:, :5]),
        ):
            np.testing.assert_array_equal(masks[f"{path}_{sign}/mask"], expected.astype(float))


def test_starts_as_the_logits_themselves(sizes, data):
    network = METHOD.build(sizes, OBSERVED)
    METHOD.adapt(network, data("train"), OBSERVED)
    inputs = _inputs(data, OBSERVED)
    outputs = network(inputs)
    np.testing.assert_allclose(
        outputs["labels"], network.get_layer("x_labels")(inputs["features"]), atol=0.05
    )
    np.testing.assert_allclose(outputs["tags"], observed_logits(inputs["tags"]), atol=0.05)


def test_observed_logits_are_the_inverse_sigmoid():
    probabilities = tf.sigmoid(observed_logits(tf.constant([0.0, 1.0])))
    np.testing.assert_allclose(probabilities, [EPSILON, 1 - EPSILON], rtol=1e-5)


def test_observed_tags_change_the_answer(sizes, data):
    scores = METHOD.scores(_network(sizes, data, OBSERVED), OBSERVED)
    inputs = _inputs(data, OBSERVED)
    other = {**inputs, "tags": 1.0 - inputs["tags"]}
    assert not np.allclose(scores(inputs), scores(other), atol=1e-2)


def test_hidden_tags_are_targets_only(data):
    examples = METHOD.prepare(data, "test", HIDDEN)
    assert set(examples.inputs) == {"features"}
    assert set(examples.targets) == {"labels", "tags"}


@BOTH
def test_gradient_reaches_every_trainable_variable(sizes, data, settings):
    network = METHOD.build(sizes, settings)
    METHOD.adapt(network, data("train"), settings)
    targets = {
        name: tf.constant(value) for name, value in METHOD.prepare(data, "train", settings).targets.items()
    }
    with tf.GradientTape() as tape:
        losses = METHOD.loss(settings)(targets, network(_inputs(data, settings, "train"), training=True))
        loss = tf.reduce_mean(losses)
    assert losses.shape == (24,)
    variables = network.trainable_variables
    gradients = tape.gradient(loss, [variable.value for variable in variables])
    assert [v.path for v, g in zip(variables, gradients, strict=True) if not np.any(g)] == []
    assert not any("mask" in variable.path for variable in variables)


def test_loss_sums_over_the_concepts_of_both_layers():
    targets = {"labels": tf.constant([[1, 0]]), "tags": tf.constant([[0, 1, 0]])}
    outputs = {"labels": tf.zeros((1, 2)), "tags": tf.zeros((1, 3))}
    np.testing.assert_allclose(METHOD.loss(OBSERVED)(targets, outputs), [5 * np.log(2)], rtol=1e-6)


@pytest.mark.slow
@BOTH
def test_weights_round_trip_with_the_graph(sizes, data, settings, tmp_path):
    network, fresh = _network(sizes, data, settings), METHOD.build(sizes, settings)
    before = METHOD.scores(network, settings)(_inputs(data, settings)).numpy()
    assert not np.allclose(METHOD.scores(fresh, settings)(_inputs(data, settings)), before)
    network.save_weights(tmp_path / "sinn.weights.h5")
    fresh.load_weights(tmp_path / "sinn.weights.h5")
    np.testing.assert_array_equal(METHOD.scores(fresh, settings)(_inputs(data, settings)), before)


def test_scores_are_the_label_layers_sigmoids_and_follow_the_networks_weights(sizes, data):
    network = _network(sizes, data, OBSERVED)
    scores = METHOD.scores(network, OBSERVED)
    for variable in network.trainable_variables:
        variable.assign(0.5 * variable)
    logits = network(_inputs(data, OBSERVED))["labels"].numpy()
    np.testing.assert_allclose(scores(_inputs(data, OBSERVED)), 1 / (1 + np.exp(-logits)), rtol=1e-5)


@pytest.mark.parametrize("first", [True, False])
def test_concept_layer_survives_serialization(first):
    layer = ConceptLayer(3, first=first, name="up_tags")
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert isinstance(again, ConceptLayer)
    assert (again.concepts, again.first, again.name) == (3, first, "up_tags")


def test_a_negative_edge_needs_an_image_that_both_are_known_of():
    """Of three labels the first two are never known of one image; the first and the third are, and apart."""
    labels, unknown = np.eye(3, dtype=np.uint8), np.array([[0, 1, 0], [1, 0, 0], [0, 1, 0]], bool)
    none = padded([[], [], []])
    positive, negative = label_graph(MethodData(np.zeros((3, 1)), none, labels, 1, unknown), least=1)
    assert not (positive & ~np.eye(4, dtype=bool)).any()
    assert not negative[0, 1] and negative[0, 2] and negative[1, 2]
    assert negative[:3, 3].all()  # tags are always known
