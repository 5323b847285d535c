import keras
import numpy as np
import pytest
import tensorflow as tf

from mmannot_tf.baselines.method import MethodData, Sizes
from mmannot_tf.baselines.ml_decoder import METHOD, LabelQueries
from mmannot_tf.config.methods import MlDecoder
from mmannot_tf.data.tag_lists import padded

SIZES = Sizes(features=(9, 8), labels=5, tags=7)
TINY = MlDecoder(width=12, heads=3, feed_forward=16, dropout=0.1)
RNG = np.random.default_rng(0)
PLACES = RNG.normal(size=(6, 9, 8)).astype(np.float32)
LABELS = (RNG.random((6, 5)) < 0.4).astype(np.uint8)


@pytest.fixture
def network():
    """Every weight moved from where it starts, so that none hides as 0 or 1."""
    network = METHOD.build(SIZES, TINY)
    rng = np.random.default_rng(1)
    for variable in network.trainable_variables:
        variable.assign(variable + rng.normal(scale=0.3, size=variable.shape))
    return network


def _norm(x, layer):
    centred = x - x.mean(-1, keepdims=True)
    gamma, beta = (variable.numpy() for variable in (layer.gamma, layer.beta))
    return centred / np.sqrt(x.var(-1, keepdims=True) + 1e-5) * gamma + beta


def _by_loops(network, places):
    """Logits of one image `[P, D]`: each label, each head by itself."""
    weights = {variable.path: variable.numpy() for variable in network.weights}
    projection = places @ weights["projection/kernel"] + weights["projection/bias"]
    memory = np.maximum(projection, 0)
    logits = []
    for label, query in enumerate(weights["queries/vectors"]):
        x = _norm(query + query, network.get_layer("query_norm"))
        attended = weights["attention/attention_output/bias"].copy()
        for head in range(TINY.heads):
            q, k, v = (
                of @ weights[f"attention/{part}/kernel"][:, head] + weights[f"attention/{part}/bias"][head]
                for part, of in (("query", x), ("key", memory), ("value", memory))
            )
            attention = np.exp(k @ q / np.sqrt(len(q)))
            seen = attention @ v / attention.sum()
            attended += seen @ weights["attention/attention_output/kernel"][head]
        x = _norm(x + attended, network.get_layer("attention_norm"))
        hidden = np.maximum(
            x @ weights["feed_forward_hidden/kernel"] + weights["feed_forward_hidden/bias"], 0
        )
        y = hidden @ weights["feed_forward/kernel"] + weights["feed_forward/bias"]
        x = _norm(x + y, network.get_layer("feed_forward_norm"))
        logits.append(x @ weights["logits/kernel"][label] + weights["logits/bias"][label])
    return logits


def test_equals_plain_loops(network):
    expected = [_by_loops(network, places) for places in PLACES]
    np.testing.assert_allclose(network(PLACES), expected, rtol=1e-4, atol=1e-4)


def test_order_of_places_changes_nothing(network):
    shuffled = PLACES[:, RNG.permutation(9)]
    np.testing.assert_allclose(network(shuffled), network(PLACES), rtol=1e-4, atol=1e-5)


def test_a_logit_is_its_own_querys(network):
    before = network(PLACES).numpy()
    vectors = network.get_layer("queries").vectors
    vectors.assign(vectors.numpy() + np.eye(5)[2][:, None] * RNG.normal(size=12))
    changed = np.abs(network(PLACES).numpy() - before).max(axis=0) > 1e-4
    assert changed.tolist() == [False, False, True, False, False]


def test_gradient_reaches_every_trainable_variable(network):
    with tf.GradientTape() as tape:
        losses = METHOD.loss(TINY)({"labels": tf.constant(LABELS)}, network(PLACES, training=True))
        loss = tf.reduce_mean(losses)
    assert losses.shape == (6,)
    variables = network.trainable_variables
    gradients = tape.gradient(loss, [variable.value for variable in variables])
    still = [v.path for v, g in zip(variables, gradients, strict=True) if np.abs(g).max() < 1e-6]
    # A constant on all keys moves all attention logits of a query alike, which the softmax does not see.
    assert still == ["attention/key/bias"]
    assert "queries/vectors" not in {variable.path for variable in variables}


def test_weights_round_trip_with_the_queries(network, tmp_path):
    fresh = METHOD.build(SIZES, TINY)
    before = METHOD.scores(network, TINY)(PLACES).numpy()
    assert not np.allclose(METHOD.scores(fresh, TINY)(PLACES), before)
    network.save_weights(tmp_path / "ml_decoder.weights.h5")
    fresh.load_weights(tmp_path / "ml_decoder.weights.h5")
    np.testing.assert_array_equal(METHOD.scores(fresh, TINY)(PLACES), before)


def test_scores_follow_the_networks_weights_and_drop_nothing(network):
    scores = METHOD.scores(network, TINY)
    for variable in network.trainable_variables:
        variable.assign(0.5 * variable)
    np.testing.assert_allclose(scores(PLACES), 1 / (1 + np.exp(-network(PLACES).numpy())), rtol=1e-5)
    np.testing.assert_array_equal(scores(PLACES), scores(PLACES))


def test_dropout_is_on_in_training_only(network):
    assert not np.allclose(network(PLACES, training=True), network(PLACES, training=True))


def test_published_size():
    """Default settings, 2,048 features, 80 labels: projection, attention, feed-forward, norms, FC."""
    network = METHOD.build(Sizes(features=(49, 2048), labels=80, tags=0), MlDecoder())
    trained = sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)
    attention = 4 * (768 * 768 + 768)
    feed_forward = 768 * 2048 + 2048 + 2048 * 768 + 768
    assert trained == 2048 * 768 + 768 + attention + feed_forward + 3 * 2 * 768 + 80 * 768 + 80
    assert network.get_layer("queries").vectors.shape == (80, 768)


def test_queries_survive_serialization():
    layer = LabelQueries(5, 12, name="queries")
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert isinstance(again, LabelQueries)
    assert (again.queries, again.width, again.name) == (5, 12, "queries")
    assert again(PLACES).shape == (6, 5, 12)


def test_width_must_be_a_multiple_of_heads():
    with pytest.raises(ValueError, match="Received: width=10, heads=3"):
        MlDecoder(width=10, heads=3)


def test_reads_every_place_of_the_map():
    data = MethodData(PLACES, padded([[]] * 6), LABELS, vocabulary=1)
    examples = METHOD.prepare(lambda _: data, "test", TINY)
    np.testing.assert_array_equal(examples.inputs["features"], PLACES)
