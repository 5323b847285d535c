"""Each way by hand or against another's program, and the same in a graph."""

import itertools

import numpy as np
import pytest
from label_subsets import chances, subsets

from mmannot_tf.decisions.arrays import clean
from mmannot_tf.decisions.calibration import METHODS, Method
from mmannot_tf.decisions.catalogue import WAYS, way_named
from mmannot_tf.decisions.expected_f import ExpectedF
from mmannot_tf.decisions.expected_quantity import ExpectedQuantity
from mmannot_tf.decisions.fitted import FittedWay
from mmannot_tf.decisions.label_thresholds import ForClassF, ForImageF, HalfBestF
from mmannot_tf.decisions.likeliest_quantity import LikeliestQuantity
from mmannot_tf.decisions.mcut import MCut
from mmannot_tf.decisions.posterior import QuantityPosterior, uncertain
from mmannot_tf.decisions.posterior_f import PosteriorF
from mmannot_tf.decisions.posterior_mode import PosteriorMode
from mmannot_tf.decisions.predicted_quantity import PredictedQuantity
from mmannot_tf.decisions.proportional_odds import ProportionalOdds
from mmannot_tf.decisions.way import Options, Scores
from mmannot_tf.evaluation.metrics import annotation_scores
from tfrecords_tools.shell.errors import UserError


@pytest.fixture(scope="module")
def labelled():
    """400 images with 12 labels, whose probabilities are right, and a noisy quantity."""
    rng = np.random.default_rng(0)
    probabilities = rng.beta(0.5, 2, (400, 12)).astype(np.float32)
    labels = rng.random(probabilities.shape) < probabilities
    quantity = (labels.sum(axis=1) + rng.normal(0, 0.8, 400)).astype(np.float32)
    return Scores(probabilities, quantity, labels.sum(axis=1)), labels


def hostile(rng, images, classes):
    """Scores with ties, values that are not finite, and extremes; and such quantities."""
    scores = rng.beta(0.5, 2, (images, classes)).astype(np.float32)
    kind = np.arange(images) % 10
    scores[kind == 1] = np.round(scores[kind == 1], 1)
    scores[kind == 2] = np.nan
    scores[kind == 3, ::2] = np.nan
    scores[kind == 4] = np.where(rng.random((np.sum(kind == 4), classes)) < 0.5, np.inf, -np.inf)
    scores[kind == 5] = np.where(rng.random((np.sum(kind == 5), classes)) < 0.5, 0.0, 1.0)
    scores[kind == 6] = np.where(rng.random((np.sum(kind == 6), classes)) < 0.5, 1e-30, 1 - 1e-7)
    quantity = rng.uniform(-1, classes + 1, images).astype(np.float32)
    odd = np.arange(images) % 7
    for place, value in enumerate((np.nan, np.inf, -np.inf, 1e20, 2.5)):
        quantity[odd == place] = value
    return scores, quantity


@pytest.mark.slow  # traces a graph a way
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_a_graph_selects_what_numpy_selects(labelled, way):
    import tensorflow as tf
    from keras import ops

    fitted = FittedWay.fit(way, *labelled, calibrated="platt")
    scores, quantity = hostile(np.random.default_rng(1), 10_000, 12)
    true = np.arange(10_000, dtype=np.int32) % 13
    graph = tf.function(
        lambda scores, quantity, true: fitted.select(Scores(scores, quantity, true), ops),
        input_signature=[
            tf.TensorSpec([None, 12]),
            tf.TensorSpec([None]),
            tf.TensorSpec([None], tf.int32),
        ],
    )
    there = graph(scores, quantity, true).numpy()
    here = fitted.select(Scores(scores, quantity, true))
    assert here.dtype == there.dtype == bool
    differ = np.flatnonzero((here != there).any(axis=1))
    if way not in (ExpectedF, PosteriorF, ProportionalOdds):
        assert not differ.size
    assert len(differ) < 500
    for image in differ[:50]:
        row = Scores(scores[image : image + 1], quantity[image : image + 1])
        assert worth(fitted, row, here[image]) == pytest.approx(worth(fitted, row, there[image]), abs=1e-6)


def worth(fitted, row, answer):
    """The expected F1 of an answer for one image, by enumeration of all subsets in float64.

    A joint distribution of labels and quantities does not say how likely each subset is, and needs no more
    than its own sum.
    """
    probabilities = clean(fitted.calibration.apply(row.probabilities), np)
    if isinstance(fitted.way, ProportionalOdds):
        return worth_of_joint(
            fitted.way.joint(Scores(probabilities, row.quantity))[0], probabilities[0], answer
        )
    if isinstance(fitted.way, PosteriorF):
        probabilities = uncertain(probabilities, np)
    chance = chances(probabilities[0].astype(np.float64))
    quantities = subsets(12).sum(axis=1)
    if isinstance(fitted.way, PosteriorF):
        posterior = fitted.way.posterior.distribution(Scores(probabilities, row.quantity), fitted.way.least)[
            0
        ]
        prior = np.bincount(quantities, chance, 13)
        chance = chance * np.divide(posterior, prior, out=np.zeros(13), where=prior > 0)[quantities]
    correct = (subsets(12) & answer).sum(axis=1)
    total = quantities + answer.sum()
    return float(chance @ np.where(total > 0, 2 * correct / np.maximum(total, 1), 1.0))


def worth_of_joint(joint, probabilities, answer):
    """The expected F1 of an answer by P(label, quantity), of labels by quantities; Waegeman et al. (2014)."""
    size = answer.sum()
    if not size:
        return float(np.prod(1.0 - probabilities.astype(np.float64)))
    weights = 2.0 / (np.arange(joint.shape[1]) + size)
    return float((joint[answer].astype(np.float64) @ weights).sum())


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_a_fitted_way_is_a_file(labelled, tmp_path, way):
    for method in METHODS:
        fitted = FittedWay.fit(way, *labelled, calibrated=method)
        fitted.save(tmp_path / "way.json")
        loaded = FittedWay.load(tmp_path / "way.json")
        assert loaded == fitted
        assert (loaded.select(labelled[0]) == fitted.select(labelled[0])).all()


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_parts_of_the_images_are_decided_as_all_at_once(labelled, monkeypatch, way):
    fitted = FittedWay.fit(way, *labelled, calibrated="platt")
    at_once, estimate = fitted.select(labelled[0]), fitted.estimate(labelled[0])
    monkeypatch.setattr("mmannot_tf.decisions.fitted._PART", 12 * 7)
    np.testing.assert_array_equal(fitted.select(labelled[0]), at_once)
    np.testing.assert_allclose(fitted.estimate(labelled[0]), estimate, rtol=1e-5)


def test_a_damaged_file_is_refused(labelled, tmp_path):
    file = tmp_path / "way.json"
    FittedWay.fit(way_named("one_threshold"), *labelled).save(file)
    file.write_text(file.read_text().replace("one_threshold", "top_k"))
    with pytest.raises(UserError, match="damaged"):
        FittedWay.load(file)


def test_scores_of_another_number_of_labels_are_refused(labelled):
    scores, labels = labelled
    fitted = FittedWay.fit(way_named("label_thresholds_image_f"), scores, labels)
    with pytest.raises(UserError, match=r"of the 12 labels that .* Received: 11\."):
        fitted.select(Scores(scores.probabilities[:, :11]))


def test_an_unknown_way_is_named():
    with pytest.raises(UserError, match=r"top_k, .*posterior_f, .*\. Received: magic"):
        way_named("magic")


def test_a_way_that_needs_quantities_says_so(labelled):
    scores, labels = labelled
    with pytest.raises(UserError, match="posterior_f needs predicted quantities"):
        FittedWay.fit(PosteriorF, Scores(scores.probabilities), labels)


@pytest.mark.parametrize("search", ["image", "class"])
@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0])
def test_no_other_thresholds_a_label_are_better(search, beta):
    rng = np.random.default_rng(3)
    way, measure = (ForImageF, "image") if search == "image" else (ForClassF, "class")
    worse = 0.0
    for _ in range(30):
        scores = np.round(rng.random((6, 3)), 1).astype(np.float32)
        labels = rng.random((6, 3)) < scores
        cuts = [[np.nextafter(scores[:, c].min(), np.float32(-1)), *scores[:, c]] for c in range(3)]

        def f(selected, labels=labels):
            measured = annotation_scores(selected, labels)
            p, r = getattr(measured, f"{measure}_precision"), getattr(measured, f"{measure}_recall")
            return (1 + beta**2) * p * r / max(beta**2 * p + r, 1e-12)

        best = max(f(scores > np.float32(each)) for each in itertools.product(*cuts))
        found = way.fit(Scores(scores), labels, Options(beta=beta))
        worse = max(worse, best - f(found.select(Scores(scores))))
    if search == "image":
        assert worse < 1e-9  # exact
    else:
        assert worse < 3.0  # percent; pairs of means inside the convex hull are not found


def test_half_of_the_best_f1_by_hand():
    scores = np.array([[0.9], [0.6], [0.4], [0.2]], np.float32)
    labels = np.array([[True], [False], [True], [False]])
    # Given 1, 2, 3, 4: F1 = 2/3, 2/4, 4/5, 4/6.
    assert HalfBestF.fit(Scores(scores), labels, Options()).thresholds == pytest.approx([0.4])


def test_a_label_without_a_true_image_takes_half_of_the_others_mean():
    scores = np.array([[0.9, 0.3], [0.6, 0.1], [0.4, 0.2], [0.2, 0.0]], np.float32)
    labels = np.array([[True, False], [False, False], [True, False], [False, False]])
    assert HalfBestF.fit(Scores(scores), labels, Options()).thresholds == pytest.approx([0.4, 0.4])
    nothing = np.zeros_like(labels)
    assert HalfBestF.fit(Scores(scores), nothing, Options()).thresholds == pytest.approx([0.5, 0.5])


def test_the_widest_gap_by_hand():
    scores = np.array([[0.9, 0.2, 0.8, 0.1], [0.3, 0.3, 0.3, 0.3], [0.9, 0.4, 0.1, 0.1]], np.float32)
    assert MCut().quantity(Scores(scores)).tolist() == [2, 1, 1]
    assert MCut().quantity(Scores(scores[:, :1])).tolist() == [1, 1, 1]


def test_expected_and_likeliest_quantities_by_hand():
    scores = Scores(np.array([[0.9, 0.9, 0.4, 0.4], [0.1, 0.1, 0.1, 0.1]], np.float32))
    assert ExpectedQuantity(least=0).quantity(scores).tolist() == [3, 0]
    assert ExpectedQuantity(least=1).quantity(scores).tolist() == [3, 1]
    # P(2) = 0.81·0.36 + 0.18·0.48 + 0.01·0.16 = 0.3796; P(3) = 0.81·0.48 + 0.18·0.16 = 0.4176
    assert LikeliestQuantity(least=0).quantity(scores).tolist() == [3, 0]
    assert LikeliestQuantity(least=1).quantity(scores).tolist() == [3, 1]


def test_a_predicted_quantity_is_rounded_and_bounded():
    raw = np.array([1.49, 1.5, 2.5, np.nan, np.inf, -np.inf, -4.0], np.float32)
    quantities = {
        rounding: PredictedQuantity(1, rounding).quantity(Scores(np.zeros((7, 3)), raw)).tolist()
        for rounding in ("nearest", "down", "up")
    }
    largest = 2**24
    assert quantities["nearest"] == [1, 2, 3, 1, largest, 1, 1]
    assert quantities["down"] == [1, 1, 2, 1, largest, 1, 1]
    assert quantities["up"] == [2, 2, 3, 1, largest, 1, 1]


def test_the_posterior_is_bayes_rule():
    rng = np.random.default_rng(4)
    probabilities = rng.beta(0.5, 1.5, (20_000, 5)).astype(np.float32)
    true = (rng.random(probabilities.shape) < probabilities).sum(axis=1)
    quantity = (1 + 0.5 * true + rng.normal(0, 0.6, true.shape)).astype(np.float32)
    labels = np.arange(5) < true[:, np.newaxis]
    posterior = QuantityPosterior.fit(Scores(probabilities, quantity), labels, least=0)
    assert (posterior.intercept, posterior.slope) == pytest.approx((1, 0.5), abs=0.02)
    assert posterior.variance == pytest.approx(0.36, abs=0.02)
    assert (posterior.alpha, posterior.lam, posterior.tilt) == pytest.approx((1, 1, 0), abs=0.05)
    shares = posterior.distribution(Scores(probabilities, quantity), 0)
    for m in range(4):  # calibrated: where it says p, the quantity is m in a share p
        near = np.abs(shares[:, m] - 0.3) < 0.1
        assert near.sum() > 1000
        assert np.mean(true[near] == m) == pytest.approx(shares[near, m].mean(), abs=0.04)


def test_the_estimate_of_the_posterior_is_least_squares_that_few_images_do_not_move():
    rng = np.random.default_rng(5)
    probabilities = rng.beta(0.5, 1.5, (20_000, 5)).astype(np.float32)
    true = (rng.random(probabilities.shape) < probabilities).sum(axis=1)
    quantity = (1 + 0.5 * true + rng.normal(0, 0.6, true.shape)).astype(np.float32)
    scores, labels = Scores(probabilities, quantity), np.arange(5) < true[:, np.newaxis]
    way = PosteriorMode.fit(scores, labels, Options())
    inputs = np.stack([np.ones(len(true)), quantity, probabilities.sum(axis=1)], axis=1)
    assert way.line == pytest.approx(np.linalg.lstsq(inputs, true, rcond=None)[0], abs=0.01)
    estimate = way.estimate(scores)
    assert np.mean((estimate - true) ** 2) < 0.8 * np.mean((inputs[:, 2] - true) ** 2)
    few = PosteriorMode.fit(Scores(probabilities[:5], quantity[:5]), labels[:5], Options())
    np.testing.assert_allclose(few.estimate(scores), quantity, atol=0.6)
    unknown = Scores(probabilities, np.full_like(quantity, np.nan))
    np.testing.assert_allclose(way.estimate(unknown), inputs[:, 2], rtol=1e-5)


def test_a_quantity_that_is_not_finite_tells_nothing(labelled):
    scores, labels = labelled
    posterior = QuantityPosterior.fit(scores, labels, least=0)
    without = posterior.distribution(Scores(scores.probabilities, np.full(400, np.nan)), 0)
    prior, _ = posterior.evidence(scores)
    expected = np.exp(posterior.alpha * prior + posterior.tilt * np.arange(13))
    np.testing.assert_allclose(without, expected / expected.sum(axis=1, keepdims=True), rtol=1e-4)


def test_methods_of_calibration_are_those_of_the_type():
    assert set(METHODS) == set(Method.__args__)
