"""Other ways and other values of their parameters, for one request."""

import numpy as np
import pytest

from mmannot_tf.decisions.arrays import within
from mmannot_tf.decisions.catalogue import way_named
from mmannot_tf.decisions.fitted import FittedWay
from mmannot_tf.decisions.fitted_ways import FittedWays
from mmannot_tf.decisions.override import Override
from mmannot_tf.decisions.way import Options, Scores
from tfrecords_tools.shell.errors import UserError

PROBABILITIES = np.array([[0.9, 0.6, 0.2, 0.1], [0.4, 0.4, 0.3, 0.8]], np.float32)
SCORES = Scores(PROBABILITIES, np.array([1.6, 0.2], np.float32))


@pytest.fixture(scope="module")
def labelled():
    rng = np.random.default_rng(0)
    probabilities = rng.beta(0.5, 1, (300, 4)).astype(np.float32)
    labels = rng.random(probabilities.shape) < probabilities
    quantity = (labels.sum(axis=1) + rng.normal(0, 0.5, 300)).astype(np.float32)
    return Scores(probabilities, quantity, labels.sum(axis=1)), labels


@pytest.fixture(scope="module")
def ways(labelled):
    return FittedWays.fit("posterior_f", *labelled, Options(), "platt")


def chosen(ways, **values):
    """The labels of both images by their numbers."""
    selected = ways.under(Override(**values)).select(SCORES)
    return [np.flatnonzero(row).tolist() for row in selected]


def test_parameters_name_their_ways():
    plain = FittedWays.plain(4, Options())
    assert chosen(plain) == chosen(plain, decision="paper") == [[0, 1], [3]]
    assert chosen(plain, k=3) == chosen(plain, decision="top_k") == [[0, 1, 2], [0, 1, 3]]
    assert chosen(plain, k=1) == [[0], [3]]
    assert chosen(plain, threshold=0.35) == [[0, 1], [0, 1, 3]]
    assert chosen(plain, decision="one_threshold") == [[0, 1], [3]]
    assert chosen(plain, decision="mcut") == [[0, 1], [3]]


def test_bounds_hold_for_every_way(ways):
    for name in ways.by_name:
        for least, most in ((0, 1), (2, 2), (3, None), (None, 2), (4, 4), (0, 0)):
            counts = [len(labels) for labels in chosen(ways, decision=name, least=least, most=most)]
            assert all((least or 0) <= count <= (4 if most is None else most) for count in counts), name


def test_the_quantity_may_be_lower_than_the_fitted_least(ways):
    nothing = Scores(np.full((1, 4), 1e-6, np.float32), np.zeros(1, np.float32))
    for name in ("predicted_quantity", "likeliest_quantity", "expected_quantity", "expected_f"):
        assert ways.under(Override(name)).select(nothing).sum() >= 1, name
        assert ways.under(Override(name, least=0)).select(nothing).sum() == 0, name


def test_the_best_within_the_bounds_is_the_best_of_all_subsets_within_them(ways):
    """Not the best of all, cut: for an expected F the two can differ."""
    from label_subsets import chances, subsets

    rng = np.random.default_rng(5)
    probabilities = rng.beta(0.4, 0.8, (200, 4)).astype(np.float32)
    calibrated = ways.by_name["expected_f"].probabilities(probabilities)
    answers = ways.under(Override("expected_f", least=2, most=3)).select(Scores(probabilities))
    every = subsets(4)
    sizes = every.sum(axis=1)
    for row, answer in zip(calibrated.astype(np.float64), answers, strict=True):
        both = (every[:, np.newaxis] & every).sum(axis=2)
        f = 2 * both / np.maximum(sizes[:, np.newaxis] + sizes, 1)
        worth = f @ chances(row)
        allowed = (sizes >= 2) & (sizes <= 3)
        own = np.flatnonzero((every == answer).all(axis=1))[0]
        assert allowed[own]
        assert worth[own] == pytest.approx(worth[allowed].max(), abs=1e-6)


def test_more_weight_of_recall_gives_more_labels(ways):
    for name in ("expected_f", "posterior_f", "proportional_odds"):
        counts = [
            ways.under(Override(name, beta=beta)).select(SCORES).sum() for beta in (0.1, 0.5, 1.0, 2.0, 10.0)
        ]
        assert counts == sorted(counts)
        assert counts[0] < counts[-1]


def test_labels_are_added_and_taken_away_by_their_scores():
    rng = np.random.default_rng(6)
    scores = np.round(rng.random((500, 6)), 1).astype(np.float32)
    selected = rng.random(scores.shape) < 0.4
    bounded = within(selected, scores, 2, 3, np)
    for row, before, after in zip(scores, selected, bounded, strict=True):
        ranked = sorted(range(6), key=lambda label: (-row[label], label))
        given = [label for label in ranked if before[label]]
        others = [label for label in ranked if not before[label]]
        expected = (given + others[: max(0, 2 - len(given))])[:3]
        assert set(np.flatnonzero(after)) == set(expected)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"k": -1}, "k must be at least 0"),
        ({"k": 1.5}, "k must be a whole number"),
        ({"k": True}, "k must be a whole number"),
        ({"k": 2**31}, "k must be at most 2147483647"),
        ({"least": 2**31}, "least must be at most 2147483647"),
        ({"threshold": "0.5"}, "threshold must be a probability"),
        ({"decision": 3}, "decision must be the name of a way"),
        ({"least": 3, "most": 2}, "most must not be below least"),
        ({"beta": 0.0}, "beta must be from 0.01 to 100"),
        ({"threshold": float("nan")}, "threshold must be a probability"),
        ({"k": 3, "decision": "expected_f"}, "k belongs to top_k alone"),
        ({"k": 3, "threshold": 0.5}, "threshold belongs to one_threshold alone"),
        ({"decision": "magic"}, "must be one of top_k, .* Received: magic"),
        ({"decision": "true_quantity"}, "Received: true_quantity"),
        ({"decision": "mcut", "beta": 2.0}, "beta .* needs a way .*expected_f, .* Received: beta 2 for mcut"),
    ],
)
def test_what_cannot_be_is_refused(ways, values, message):
    with pytest.raises(UserError, match=message):
        ways.under(Override(**values))


def test_the_ways_are_files(ways, tmp_path):
    ways.save(tmp_path / "ways")
    loaded = FittedWays.load(tmp_path / "ways", ways.default)
    assert loaded == ways
    assert loaded.decider.way.name == "posterior_f"


def test_the_most_wins_over_a_fitted_least(labelled):
    three = FittedWays.fit("expected_f", *labelled, Options(least=3), "platt")
    for name in ("expected_f", "posterior_f", "proportional_odds", "predicted_quantity"):
        selected = three.under(Override(name, most=2)).select(SCORES)
        assert selected.sum(axis=1).tolist() == [2, 2], name


def test_a_score_that_equals_its_threshold_is_not_above_it_in_any_type():
    scores = np.round(np.random.default_rng(1).random((50, 4)), 2)
    labels = np.random.default_rng(2).random((50, 4)) < scores
    for way in ("one_threshold", "label_thresholds_image_f"):
        fits = [FittedWay.fit(way_named(way), Scores(scores.astype(kind)), labels) for kind in ("f4", "f8")]
        assert fits[0] == fits[1]
        both = [fits[0].select(Scores(scores.astype(kind))) for kind in ("f4", "f8")]
        np.testing.assert_array_equal(*both)


def test_values_of_numpy_are_those_of_python():
    override = Override(least=np.int64(2), beta=np.float32(2.0))
    assert (type(override.least), type(override.beta)) == (int, float)


def test_the_bounds_of_a_server_hold_for_what_a_request_sets():
    own = Override(least=5)
    assert Override(k=2).over(own).values == {"k": 5, "least": 5}
    assert Override("top_k").over(own).values == {"decision": "top_k", "least": 5}
    assert Override(k=2, least=1).over(own).values == {"k": 2, "least": 1}
    assert Override(k=7).over(own).values == {"k": 7, "least": 5}
    with pytest.raises(UserError, match=r"most must not be below least, 5 here\. Received: 2\."):
        Override(most=2).over(own)
    with pytest.raises(UserError, match=r"least must not be above most, 3 here\. Received: 4\."):
        Override(least=4).over(Override(most=3))
