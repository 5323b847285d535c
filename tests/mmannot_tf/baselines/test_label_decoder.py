"""Decoding against plain Python over a table of every path's next-step log-probabilities.

The table comes from given sequences (teacher forcing), so the search is held against weights it steps through
in another way.
"""

import functools
import itertools

import numpy as np
import pytest
import tensorflow as tf

from mmannot_tf.baselines.cnn_rnn import FusionDecoder
from mmannot_tf.baselines.label_decoder import LabelDecoder, LabelLstm, LabelPaths

LABELS, IMAGES, STOP = 4, 12, 4


def _decoder(kind, *, seed=5, scale=3.0, stop=-2.0):
    """A decoder with large weights, so that paths differ in worth and order, on random contexts."""
    rng = np.random.default_rng(seed)
    if kind == "fusion":
        decoder = FusionDecoder(LABELS, embedding=5, units=6)
    else:
        decoder = LabelDecoder(LABELS, embedding=5, units=6, sets_cell=kind == "both")
    context = rng.normal(size=(IMAGES, 3)).astype(np.float32)
    decoder(np.zeros((1, 1), np.int32), context[:1])
    for weight in decoder.trainable_variables:
        weight.assign(scale * rng.normal(size=weight.shape) / np.sqrt(weight.shape[0]))
    if kind != "fusion":
        decoder.logits.bias.assign([0.0] * LABELS + [stop])
    return decoder, context


def _table(decoder, context):
    """Each image's log-probabilities after each path: [{path: [V]}]."""
    paths = [path for n in range(LABELS + 1) for path in itertools.permutations(range(LABELS), n)]
    sequence = np.full((len(paths), LABELS + 1), LABELS, np.int32)
    for row, path in enumerate(paths):
        sequence[row, 1 : len(path) + 1] = path
    after = [len(path) for path in paths]
    tables = []
    for image in context:
        logits = decoder(sequence, np.tile(image, (len(paths), 1))).numpy()[np.arange(len(paths)), after]
        log_p = logits - np.log(np.exp(logits.astype(np.float64)).sum(axis=-1, keepdims=True))
        tables.append(dict(zip(paths, log_p, strict=True)))
    return tables


@functools.cache
def _case(kind):
    """A decoder, its contexts and their tables; tests leave its weights as they are."""
    decoder, context = _decoder(kind)
    return decoder, context, _table(decoder, context)


def _worth(table, path, *, max_labels, stops):
    worth = sum(table[path[:t]][label] for t, label in enumerate(path))
    return worth + (table[path][STOP] if stops and len(path) < max_labels else 0.0)


def _exhaustive(table, *, max_labels, stops):
    lengths = range(1 if stops else max_labels, max_labels + 1)
    paths = [path for n in lengths for path in itertools.permutations(range(LABELS), n)]
    return max(paths, key=lambda path: _worth(table, path, max_labels=max_labels, stops=stops))


def _greedy(table, *, max_labels, stops):
    path = ()
    while len(path) < max_labels:
        allowed = [label for label in range(LABELS) if label not in path] + [STOP] * (stops and path != ())
        best = max(allowed, key=lambda token: table[path][token])
        if best == STOP:
            break
        path = (*path, best)
    return path


def _beam_search(table, *, beam, max_labels, stops):
    beams = [((), 0.0, False)]
    for _ in range(max_labels):
        longer = [path for path in beams if path[2]]
        for path, worth, ended in beams:
            if not ended:
                log_p = table[path]
                longer += [((*path, k), worth + log_p[k], False) for k in range(LABELS) if k not in path]
                longer += [(path, worth + log_p[STOP], True) for _ in path[:1] if stops]
        beams = sorted(longer, key=lambda path: -path[1])[:beam]
    return beams[0][0]


def _decoded(decoder, context, **options):
    """Paths from the scores: labels by falling score."""
    scores = LabelPaths(decoder, **options)(context).numpy()
    assert scores.dtype == np.float32
    paths = [tuple(np.argsort(-row, kind="stable")[: (row > 0).sum()].tolist()) for row in scores]
    for row, path in zip(scores, paths, strict=True):
        np.testing.assert_array_equal(row[list(path)], 1 / np.arange(1, len(path) + 1, dtype=np.float32))
        assert (np.delete(row, path) == 0).all()
    return paths


KINDS = [("hidden", True), ("both", True), ("fusion", False)]


@pytest.mark.slow
@pytest.mark.parametrize("max_labels", [1, 2, 3, 4])
@pytest.mark.parametrize(("kind", "stops"), KINDS)
def test_a_wide_beam_finds_the_best_of_all_paths(kind, stops, max_labels):
    decoder, context, tables = _case(kind)
    expected = [_exhaustive(table, max_labels=max_labels, stops=stops) for table in tables]
    assert _decoded(decoder, context, beam=64, max_labels=max_labels, stops=stops) == expected


@pytest.mark.parametrize("beam", [1, 2, 3])
@pytest.mark.parametrize("max_labels", [2, 4])
@pytest.mark.parametrize(("kind", "stops"), KINDS)
def test_narrow_beams_equal_a_plain_beam_search(kind, stops, max_labels, beam):
    decoder, context, tables = _case(kind)
    expected = [_beam_search(table, beam=beam, max_labels=max_labels, stops=stops) for table in tables]
    assert _decoded(decoder, context, beam=beam, max_labels=max_labels, stops=stops) == expected


@pytest.mark.parametrize(("kind", "stops"), KINDS)
def test_one_beam_is_greedy(kind, stops):
    decoder, context, tables = _case(kind)
    expected = [_greedy(table, max_labels=LABELS, stops=stops) for table in tables]
    assert _decoded(decoder, context, beam=1, max_labels=LABELS, stops=stops) == expected


@pytest.mark.parametrize(("kind", "stops"), KINDS)
def test_the_cases_above_tell_searches_and_lengths_apart(kind, stops):
    *_, tables = _case(kind)
    greedy, narrow, best = (
        [_greedy(table, max_labels=LABELS, stops=stops) for table in tables],
        [_beam_search(table, beam=2, max_labels=LABELS, stops=stops) for table in tables],
        [_exhaustive(table, max_labels=LABELS, stops=stops) for table in tables],
    )
    assert greedy != narrow
    assert narrow != best
    assert {len(path) for path in best} == ({1, 2, 4} if stops else {4})


def _always(token):
    """A decoder whose every step all but surely gives one token; then the smaller ids."""
    decoder, context = _decoder("hidden", scale=0.0)
    bias = -np.arange(LABELS + 1, dtype=np.float32)
    bias[token] = 100.0
    decoder.logits.bias.assign(bias)
    return decoder, context


@pytest.mark.parametrize("beam", [1, 3])
def test_a_path_has_a_label_even_where_the_stop_comes_first(beam):
    paths = _decoded(*_always(STOP), beam=beam, max_labels=LABELS, stops=True)
    assert paths == [(0,)] * IMAGES


def test_a_path_has_no_label_twice():
    paths = _decoded(*_always(2), beam=1, max_labels=LABELS, stops=True)
    assert paths == [(2, 0, 1, 3)] * IMAGES


def test_a_path_ends_at_the_most_labels_where_no_stop_comes():
    decoder, context = _always(2)
    assert _decoded(decoder, context, beam=1, max_labels=2, stops=True) == [(2, 0)] * IMAGES


def test_a_longest_beyond_the_labels_is_refused():
    with pytest.raises(ValueError, match=r"at most 4\. Received: max_labels=5"):
        LabelPaths(_decoder("hidden")[0], beam=1, max_labels=5, stops=True)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "stops"), KINDS)
def test_an_image_is_decoded_alike_in_any_batch(kind, stops):
    decoder, context = _decoder(kind)
    paths = LabelPaths(decoder, beam=2, max_labels=LABELS, stops=stops)
    whole = paths(context).numpy()
    np.testing.assert_array_equal(np.concatenate([paths(image[np.newaxis]) for image in context]), whole)


@pytest.mark.parametrize("size", [None, 5])
def test_decoding_runs_in_graph(size):
    decoder, context = _decoder("both")
    paths = LabelPaths(decoder, beam=3, max_labels=LABELS, stops=True)
    graph = tf.function(paths.__call__, input_signature=[tf.TensorSpec([size, 3])])
    np.testing.assert_array_equal(graph(context[:5]), paths(context[:5]))


@pytest.mark.parametrize("kind", ["hidden", "both", "fusion"])
def test_given_steps_equal_single_steps(kind):
    decoder, context = _decoder(kind)
    sequence = np.random.default_rng(1).integers(LABELS + 1, size=(IMAGES, 6)).astype(np.int32)
    state, steps = decoder.start(tf.constant(context)), []
    for tokens in sequence.T:
        logits, state = decoder.step(tf.constant(tokens), state)
        steps.append(logits)
    np.testing.assert_allclose(decoder(sequence, context), np.stack(steps, axis=1), atol=1e-5)


@pytest.mark.parametrize("kind", ["hidden", "both", "fusion"])
def test_a_step_sees_nothing_of_what_comes_after(kind):
    decoder, context = _decoder(kind)
    sequence = np.random.default_rng(1).integers(LABELS + 1, size=(IMAGES, 6)).astype(np.int32)
    other = np.concatenate([sequence[:, :3], (sequence[:, 3:] + 1) % (LABELS + 1)], axis=1)
    first, second = decoder(sequence, context), decoder(other, context)
    np.testing.assert_allclose(first[:, :3], second[:, :3], atol=1e-6)
    assert not np.allclose(first[:, 3:], second[:, 3:])


def test_an_lstm_step_equals_numpy():
    decoder, _ = _decoder("hidden")
    lstm, rng = decoder.lstm, np.random.default_rng(2)
    hidden, cell = rng.normal(size=(2, 3, 6)).astype(np.float32)
    kernel, recurrent, bias = (variable.numpy() for variable in lstm.lstm.trainable_variables)
    x = lstm.table.numpy()[[4, 0, 2]]
    i, f, g, o = np.split(x @ kernel + hidden @ recurrent + bias, 4, axis=-1)

    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    c = sigmoid(f) * cell + sigmoid(i) * np.tanh(g)
    stepped = lstm.step(tf.constant([4, 0, 2]), tf.constant(hidden), tf.constant(cell))
    np.testing.assert_allclose(stepped[1], c, atol=1e-5)
    np.testing.assert_allclose(stepped[0], sigmoid(o) * np.tanh(c), atol=1e-5)


@pytest.mark.parametrize("sets_cell", [False, True])
def test_the_context_sets_the_initial_state_through_one_linear(sets_cell):
    decoder, context = _decoder("both" if sets_cell else "hidden")
    linear = context @ decoder.initial.kernel.numpy() + decoder.initial.bias.numpy()
    hidden, cell = decoder.start(tf.constant(context))
    np.testing.assert_allclose(hidden, linear[:, :6], atol=1e-5)
    np.testing.assert_allclose(cell, linear[:, 6:] if sets_cell else np.zeros((IMAGES, 6)), atol=1e-5)


def test_the_embeddings_gradient_is_dense():
    lstm = LabelLstm(LABELS, embedding=5, units=6)
    state = tf.zeros((1, 6))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(lstm(tf.constant([[4, 1]]), state, state))
    gradient = tape.gradient(loss, lstm.table.value)
    assert isinstance(gradient, tf.Tensor)
    assert (np.abs(gradient).sum(axis=1) > 0).tolist() == [False, True, False, False, True]


def test_decoders_can_be_made_again_from_their_configuration():
    decoder, context = _decoder("both")
    again = LabelDecoder.from_config(decoder.get_config())
    sequence = np.random.default_rng(1).integers(LABELS + 1, size=(IMAGES, 6)).astype(np.int32)
    again(sequence, context)
    again.set_weights(decoder.get_weights())
    np.testing.assert_array_equal(again(sequence, context), decoder(sequence, context))
