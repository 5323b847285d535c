import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from mmannot_tf.baselines.method import MethodData, Sizes
from mmannot_tf.baselines.tag_neighbour import METHOD, NeighbourDraw, draws
from mmannot_tf.baselines.tag_search import nearest
from mmannot_tf.config.methods import TagNeighbour
from mmannot_tf.data.tag_lists import padded
from tfrecords_tools.shell.errors import UserError

SETTINGS = TagNeighbour(hidden=6, neighbours=5, drawn=2, draws=4)


@pytest.fixture
def network(sizes):
    keras.utils.set_random_seed(0)
    return METHOD.build(sizes, SETTINGS)


@pytest.fixture
def inputs():
    rng = np.random.default_rng(0)
    return {
        "features": rng.normal(size=(7, 8)).astype(np.float32),
        "neighbours": rng.normal(size=(7, 5, 8)).astype(np.float32),
    }


def _logits(network, features, drawn):
    """The equations of the file's docstring, one image at a time."""
    (w_x, b_x), (w_z, b_z), (w_y, b_y) = (
        network.get_layer(name).get_weights() for name in ("image", "neighbour", "logits")
    )
    result = []
    for x, z in zip(features, drawn, strict=True):
        h_x = np.maximum(x @ w_x + b_x, 0)
        h_z = np.max([np.maximum(neighbour @ w_z + b_z, 0) for neighbour in z], axis=0)
        result.append(np.concatenate([h_x, h_z]) @ w_y + b_y)
    return np.array(result)


def _batch(examples, rows):
    chosen = [
        {name: tf.constant(values[rows]) for name, values in part.items()}
        for part in (examples.inputs, examples.targets)
    ]
    return examples.finish(*chosen)


def test_at_inference_the_nearest_are_seen(network, inputs):
    expected = _logits(network, inputs["features"], inputs["neighbours"][:, :2])
    np.testing.assert_allclose(network(inputs), expected, atol=1e-5)


def test_in_training_without_dropout_all_are_seen_in_any_order(sizes, inputs):
    network = METHOD.build(sizes, SETTINGS.model_copy(update={"dropout": 0.0, "drawn": 5}))
    expected = _logits(network, inputs["features"], inputs["neighbours"])
    np.testing.assert_allclose(network(inputs, training=True), expected, atol=1e-5)


@pytest.mark.parametrize("silent", ["image", "neighbour"])
def test_each_hidden_layer_drops_units_in_training(sizes, inputs, silent):
    """All neighbours are drawn and one layer gives 0: dropout after the other is all that is random."""
    network = METHOD.build(sizes, SETTINGS.model_copy(update={"drawn": 5}))
    network.get_layer(silent).set_weights([np.zeros((8, 6)), np.zeros(6)])
    assert not np.allclose(network(inputs, training=True), network(inputs, training=True))


def test_draws_without_replacement_alike_for_all_ranks():
    ranks = np.tile(np.arange(6.0, dtype=np.float32)[:, None], (4000, 1, 1))
    drawn = NeighbourDraw(3, seed=0)(ranks, training=True).numpy()[..., 0]
    assert drawn.shape == (4000, 3)
    assert all(len(set(row)) == 3 for row in drawn.tolist())
    np.testing.assert_allclose(np.bincount(drawn.astype(int).ravel()), 2000, rtol=0.1)


def test_every_step_draws_anew_and_goes_on_where_the_state_says():
    ranks = np.tile(np.arange(6.0, dtype=np.float32)[:, None], (20, 1, 1))
    layer = NeighbourDraw(3, seed=0)
    layer(ranks)
    (state,) = [variable.numpy() for variable in layer.variables]
    first, second = (layer(ranks, training=True).numpy() for _ in range(2))
    assert (first != second).any()
    layer.variables[0].assign(state)
    np.testing.assert_array_equal(layer(ranks, training=True), first)


def test_the_networks_variables_say_what_is_drawn_next(network, inputs):
    (state,) = network.get_layer("draw").variables
    assert any(variable is state for variable in network.variables)
    kept = [variable.numpy() for variable in network.variables]
    first, second = (network(inputs, training=True).numpy() for _ in range(2))
    assert (first != second).any()
    for variable, value in zip(network.variables, kept, strict=True):
        variable.assign(value)
    np.testing.assert_array_equal(network(inputs, training=True), first)


def test_a_draw_made_again_from_its_configuration_is_equal():
    layer = NeighbourDraw(3, seed=5, name="draw")
    again = NeighbourDraw.from_config(layer.get_config())
    ranks = np.tile(np.arange(6.0, dtype=np.float32)[:, None], (20, 1, 1))
    np.testing.assert_array_equal(layer(ranks, training=True), again(ranks, training=True))


def test_scores_are_the_mean_over_the_draws(network, inputs):
    chosen = draws(SETTINGS)
    assert chosen.shape == (4, 2)
    assert all(len(set(row)) == 2 for row in chosen.tolist())
    logits = [_logits(network, inputs["features"], inputs["neighbours"][:, ranks]) for ranks in chosen]
    expected = np.mean([1 / (1 + np.exp(-drawn)) for drawn in logits], axis=0)
    scores = METHOD.scores(network, SETTINGS).predict(inputs, verbose=0)
    np.testing.assert_allclose(scores, expected, atol=1e-5)


@pytest.mark.slow
def test_scores_hang_neither_on_the_call_nor_on_the_batch(network, inputs):
    model = METHOD.scores(network, SETTINGS)
    whole = model.predict(inputs, verbose=0)
    np.testing.assert_array_equal(model.predict(inputs, verbose=0), whole)
    np.testing.assert_array_equal(METHOD.scores(network, SETTINGS).predict(inputs, verbose=0), whole)
    np.testing.assert_allclose(model.predict(inputs, batch_size=3, verbose=0), whole, atol=1e-6)


def test_scores_share_the_networks_layers(network, inputs):
    model = METHOD.scores(network, SETTINGS)
    network.get_layer("logits").set_weights([np.zeros((12, 5)), np.full(5, 2.0)])
    np.testing.assert_allclose(model.predict(inputs, verbose=0), 1 / (1 + np.exp(-2.0)), atol=1e-6)


def test_the_default_draws_are_ten_threes_of_six():
    """Johnson et al. (ICCV 2015), Sec. 4."""
    assert draws(TagNeighbour()).shape == (10, 3)
    assert len({tuple(sorted(row)) for row in draws(TagNeighbour()).tolist()}) > 5


def test_weights_go_round_and_hold_no_pool(network, sizes, inputs, data, tmp_path):
    examples = METHOD.prepare(data, "train", SETTINGS)
    before = network(_batch(examples, slice(0, 4))[0])
    network.save_weights(tmp_path / "tag_neighbour.weights.h5")
    other = METHOD.build(sizes, SETTINGS)
    assert not np.allclose(other(inputs), network(inputs))
    other.load_weights(tmp_path / "tag_neighbour.weights.h5")
    np.testing.assert_array_equal(other(inputs), network(inputs))
    np.testing.assert_array_equal(other(_batch(examples, slice(0, 4))[0]), before)
    assert sum(np.size(weight) for weight in network.trainable_weights) == 2 * (8 * 6 + 6) + 12 * 5 + 5
    assert network.count_params() <= sum(np.size(weight) for weight in network.trainable_weights) + 6  # seeds


def test_the_sizes_of_the_original():
    network = METHOD.build(Sizes((4096,), labels=81, tags=5000), TagNeighbour())
    trained = sum(np.prod(weight.shape) for weight in network.trainable_weights)
    assert trained == 2 * (4096 * 500 + 500) + 1000 * 81 + 81


def test_the_gradient_reaches_every_trainable_variable(network, inputs):
    labels = {"labels": tf.constant(np.eye(7, 5, dtype=np.float32))}
    with tf.GradientTape() as tape:
        losses = METHOD.loss(SETTINGS)(labels, network(inputs, training=True))
    assert losses.shape == (7,)
    gradients = tape.gradient(losses, [variable.value for variable in network.trainable_variables])
    assert len(gradients) == 6
    assert all(gradient is not None and np.any(gradient) for gradient in gradients)


def test_the_loss_is_summed_over_labels():
    losses = METHOD.loss(SETTINGS)({"labels": tf.constant([[1.0, 0.0]])}, tf.zeros((1, 2)))
    np.testing.assert_allclose(losses, [2 * np.log(2.0)], rtol=1e-6)


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_neighbours_from_the_training_split(data, split):
    examples = METHOD.prepare(data, split, SETTINGS)
    own = 0 if split == "train" else None
    expected = nearest(data(split).tag_lists, data("train").tag_lists, 5, own=own).indices
    np.testing.assert_array_equal(examples.inputs["neighbours"], expected)
    inputs, targets = _batch(examples, slice(1, 4))
    np.testing.assert_array_equal(inputs["features"], data(split).features[1:4])
    np.testing.assert_array_equal(inputs["neighbours"], data("train").features[expected[1:4]])
    np.testing.assert_array_equal(targets["labels"], data(split).labels[1:4])


@pytest.mark.parametrize(("split", "own"), [("train", 0), ("validation", 24), ("test", 30)])
def test_neighbours_from_all_splits(data, split, own):
    examples = METHOD.prepare(data, split, SETTINGS.model_copy(update={"pool": "all"}))
    splits = [data(name) for name in ("train", "validation", "test")]
    features = np.concatenate([part.features for part in splits])
    tags = padded(np.flatnonzero(row) for part in splits for row in part.tags)
    expected = nearest(tags[own : own + len(data(split).tag_lists)], tags, 5, own=own).indices
    np.testing.assert_array_equal(examples.inputs["neighbours"], expected)
    assert not (expected == own + np.arange(len(expected))[:, None]).any()
    assert expected.max() >= 24
    inputs, _ = _batch(examples, slice(0, 6))
    np.testing.assert_array_equal(inputs["neighbours"], features[expected[:6]])


@pytest.mark.parametrize(
    ("pool", "split", "expected"),
    [
        ("train", "train", ["train"]),
        ("train", "test", ["test", "train"]),
        ("all", "test", ["test", "train", "validation"]),
    ],
)
def test_reads_no_other_split_and_each_once(data, pool, split, expected):
    read = []
    settings = SETTINGS.model_copy(update={"pool": pool})
    METHOD.prepare(lambda name: read.append(name) or data(name), split, settings)
    assert sorted(read) == expected


@pytest.mark.parametrize("pool", ["train", "all"])
def test_neighbours_are_chosen_without_labels(data, pool):
    def other(name):
        return dataclasses.replace(data(name), labels=1 - data(name).labels)

    settings = SETTINGS.model_copy(update={"pool": pool})
    for split in ("train", "test"):
        mine, others = (METHOD.prepare(source, split, settings).inputs for source in (data, other))
        np.testing.assert_array_equal(mine["neighbours"], others["neighbours"])


def test_images_without_tags_are_counted(data, capsys):
    bare = dataclasses.replace(data("test"), tag_lists=padded([[]] * 6))
    METHOD.prepare(lambda name: bare if name == "test" else data(name), "test", SETTINGS)
    assert "of 6 test images, 6 have no tag of the vocabulary, and 0 share" in capsys.readouterr().err


def test_prints_nothing_where_nothing_is_random(data, capsys):
    full = dataclasses.replace(data("train"), tag_lists=padded([range(7)] * 24))
    METHOD.prepare(lambda _: full, "train", SETTINGS)
    assert not capsys.readouterr().err


def test_more_drawn_than_looked_for_is_refused():
    with pytest.raises(ValueError, match=r"drawn must be at most .*neighbours\. Received: 3 of 2"):
        TagNeighbour(neighbours=2, drawn=3)


def test_too_few_images_are_refused(data):
    with pytest.raises(UserError, match="must be 24 other images"):
        METHOD.prepare(data, "train", SETTINGS.model_copy(update={"neighbours": 24}))


@pytest.mark.slow
def test_learns_labels_that_only_the_neighbours_show():
    """An image's own feature is noise; that of the images with its tag holds the label's direction."""
    rng, count = np.random.default_rng(0), 60
    label = np.arange(count) % 3
    labels = np.eye(3, dtype=np.uint8)[label]
    shows = np.arange(count) % 2 == 0
    noise = rng.normal(scale=0.1, size=(count, 4))
    features = (noise + np.eye(3, 4)[label] * shows[:, None]).astype(np.float32)
    split = MethodData(features, label[:, None].astype(np.int32), labels, vocabulary=3)
    keras.utils.set_random_seed(0)
    settings = TagNeighbour(hidden=16, neighbours=19, drawn=6, dropout=0.1)
    network = METHOD.build(Sizes((4,), labels=3, tags=3), settings)
    examples = METHOD.prepare(lambda _: split, "train", settings)
    inputs, targets = _batch(examples, slice(None))
    loss, optimizer = METHOD.loss(settings), keras.optimizers.Adam(0.02)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            objective = tf.reduce_mean(loss(targets, network(inputs, training=True)))
        gradients = tape.gradient(objective, [variable.value for variable in network.trainable_variables])
        optimizer.apply(gradients, network.trainable_variables)
        return objective

    optimizer.build(network.trainable_variables)
    losses = [float(step()) for _ in range(120)]
    assert losses[-1] < 0.2 * losses[0]
    scores = METHOD.scores(network, settings).predict(inputs, verbose=0)
    assert (scores.argmax(axis=1) == label)[~shows].mean() == 1.0
