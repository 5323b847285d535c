import itertools
import tracemalloc
from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays

from mmannot_tf.evaluation.metrics import SYMBOLS, annotation_scores
from mmannot_tf.evaluation.resampling import Resampling
from mmannot_tf.evaluation.row_catalogue import ROWS
from mmannot_tf.evaluation.uncertainty import MEASURES, PAIRS, SYSTEM_PAIRS, Uncertainty

N, C = 40, 5
DRAWS = Resampling(draws=100)


def outputs(rng, labels, *, wrong):
    """The truth with a share of its cells turned over."""
    return labels ^ (rng.random(labels.shape) < wrong)


@pytest.fixture
def labels():
    return np.random.default_rng(1).random((N, C)) < 0.4


@pytest.fixture
def chosen(labels):
    rng = np.random.default_rng(2)
    return {"MS-CNN": outputs(rng, labels, wrong=0.1), "CNN": outputs(rng, labels, wrong=0.3)}


def pair_of(pairs, measure="image_f1"):
    (pair,) = [pair for pair in pairs if pair.measure == measure]
    return pair


def by_index(chosen, labels, resampling, never_predicted, image_average="sums"):
    """Every resample's seven scores, by copying its images out: the textbook's bootstrap."""
    rng = np.random.default_rng([resampling.seed, 0])
    drawn = [rng.integers(len(labels), size=len(labels)) for _ in range(resampling.draws)]
    readings = {"never_predicted": never_predicted, "image_average": image_average}
    scores = (annotation_scores(chosen[i], labels[i], **readings) for i in drawn)
    return np.array([astuple(score) for score in scores])


@pytest.mark.parametrize("never_predicted", ["zero", "left_out"])
def test_intervals_are_those_of_resamples_copied_out(labels, chosen, never_predicted):
    chosen["CNN"][3:, 0] = False  # in some resamples this class is never predicted
    measured = Uncertainty(labels, DRAWS, never_predicted).of(chosen)
    intervals, pairs = measured.intervals, measured.pairs
    scores = {method: by_index(rows, labels, DRAWS, never_predicted) for method, rows in chosen.items()}
    for method, resampled in scores.items():
        expected = np.percentile(resampled, [2.5, 97.5], axis=0)
        np.testing.assert_array_equal(np.array(list(intervals[method].values())).T, expected)
        assert list(intervals[method]) == list(SYMBOLS)
        whole = astuple(annotation_scores(chosen[method], labels, never_predicted=never_predicted))
        bias, error = abs(resampled.mean(axis=0) - whole), resampled.std(axis=0, ddof=1)
        assert measured.biased[method] == tuple(np.array(list(SYMBOLS))[bias / error > 0.25])
    differences = np.percentile(scores["MS-CNN"] - scores["CNN"], [2.5, 97.5], axis=0)
    for measure in MEASURES:
        place = list(SYMBOLS).index(measure)
        assert pair_of(pairs, measure).interval == tuple(differences[:, place])


def test_an_interval_that_cannot_be_relied_on_is_told():
    """With few images many resamples lack a class: its precision is 0 there, and C-P lies far below."""
    rng = np.random.default_rng(7)
    few = rng.random((30, 40)) < 0.03
    many = rng.random((3000, 4)) < 0.4
    for labels, biased in ((few, True), (many, False)):
        chosen = {"CNN": outputs(rng, labels, wrong=0.02)}
        measured = Uncertainty(labels, Resampling(draws=400)).of(chosen)
        assert ("class_precision" in measured.biased["CNN"]) is biased
        assert "image_f1" not in measured.biased["CNN"]
    _, high = Uncertainty(few, Resampling(draws=400)).of({"CNN": few}).intervals["CNN"]["class_precision"]
    assert high < annotation_scores(few, few).class_precision  # what the mark warns of


def test_intervals_and_pairs_of_means_of_ratios(labels, chosen):
    uncertainty = Uncertainty(labels, DRAWS, image_average="ratios")
    measured = uncertainty.of(chosen)
    intervals, pairs = measured.intervals, measured.pairs
    scores = {method: by_index(rows, labels, DRAWS, "zero", "ratios") for method, rows in chosen.items()}
    for method, resampled in scores.items():
        expected = np.percentile(resampled, [2.5, 97.5], axis=0)
        np.testing.assert_allclose(np.array(list(intervals[method].values())).T, expected, rtol=1e-12)
    whole = [annotation_scores(chosen[name], labels, image_average="ratios") for name in ("MS-CNN", "CNN")]
    assert pair_of(pairs).difference == pytest.approx(whole[0].image_f1 - whole[1].image_f1)
    same = uncertainty.of({"MS-CNN": chosen["CNN"], "CNN": chosen["CNN"]}).pairs
    assert pair_of(same).p == 1


def test_a_pair_is_the_first_minus_the_second_of_the_whole_set(labels, chosen):
    pairs = Uncertainty(labels, DRAWS).of(chosen).pairs
    assert [(pair.a, pair.b, pair.measure) for pair in pairs] == [
        ("MS-CNN", "CNN", measure) for measure in MEASURES
    ]
    whole = {method: annotation_scores(rows, labels) for method, rows in chosen.items()}
    for pair in pairs:
        ours, theirs = (getattr(whole[method], pair.measure) for method in (pair.a, pair.b))
        assert pair.difference == pytest.approx(ours - theirs)


def test_p_is_that_of_outputs_exchanged_image_by_image(labels, chosen):
    pairs = Uncertainty(labels, DRAWS).of(chosen).pairs
    a, b = chosen["MS-CNN"], chosen["CNN"]
    b[:] = np.where(np.arange(N)[:, None] < 34, a, b)  # alike enough for a p between the ends
    pairs = Uncertainty(labels, DRAWS).of(chosen).pairs
    for measure in MEASURES:

        def apart(first, second, measure=measure):
            scores = (getattr(annotation_scores(rows, labels), measure) for rows in (first, second))
            return abs(np.subtract(*scores))

        shuffles = [
            apart(np.where(swap[:, None], b, a), np.where(swap[:, None], a, b))
            for swap in DRAWS.swaps(N).astype(bool)
        ]
        as_far = sum(shuffle >= apart(a, b) - 1e-9 for shuffle in shuffles)
        assert 1 < as_far < 100
        assert pair_of(pairs, measure).p == pytest.approx((1 + as_far) / (1 + 100))


def test_p_nears_that_of_every_possible_exchange():
    rng = np.random.default_rng(5)
    labels = rng.random((10, 3)) < 0.5
    a, b = outputs(rng, labels, wrong=0.15), outputs(rng, labels, wrong=0.35)
    observed = abs(annotation_scores(a, labels).image_f1 - annotation_scores(b, labels).image_f1)
    as_far = 0
    for swap in itertools.product([False, True], repeat=10):
        turned = np.array(swap)[:, None]
        first, second = np.where(turned, b, a), np.where(turned, a, b)
        apart = annotation_scores(first, labels).image_f1 - annotation_scores(second, labels).image_f1
        as_far += abs(apart) >= observed - 1e-9
    pairs = Uncertainty(labels, Resampling(draws=4000)).of({"MS-CNN": a, "CNN": b}).pairs
    assert 0.02 < as_far / 2**10 < 0.9
    assert pair_of(pairs).p == pytest.approx(as_far / 2**10, abs=0.03)  # four standard errors


@given(arrays(bool, (12, 3)), arrays(bool, (12, 3)))
def test_identical_rows_differ_by_nothing_and_p_is_1(labels, chosen):
    pairs = Uncertainty(labels, DRAWS).of({"MS-CNN": chosen, "CNN": chosen.copy()}).pairs
    for pair in pairs:
        assert (pair.difference, pair.interval, pair.p) == (0, (0, 0), 1)


def test_a_clearly_better_row_has_the_smallest_p_there_is(labels):
    rng = np.random.default_rng(3)
    better, worse = outputs(rng, labels, wrong=0.02), outputs(rng, labels, wrong=0.5)
    pairs = Uncertainty(labels, Resampling(draws=500)).of({"MS-CNN": better, "CNN": worse}).pairs
    for pair in pairs:
        assert pair.p == pytest.approx(1 / 501)
        assert pair.interval[0] > 0


@pytest.mark.slow
@given(arrays(bool, (12, 3)), arrays(bool, (12, 3)), arrays(bool, (12, 3)))
def test_exchanging_the_two_rows_turns_the_sign_and_keeps_p(labels, a, b):
    there = Uncertainty(labels, DRAWS).of({"MS-CNN": a, "CNN": b}).pairs
    back = Uncertainty(labels, DRAWS).of({"MS-CNN": b, "CNN": a}).pairs
    for first, second in zip(there, back, strict=True):
        assert first.difference == -second.difference
        assert first.interval == pytest.approx([-bound for bound in reversed(second.interval)])
        assert first.p == second.p


def test_about_95_of_100_intervals_hold_the_true_score():
    """Images come from a population of which the seven scores are known."""
    rng = np.random.default_rng(0)
    labels = rng.random((20_000, 4)) < 0.5
    chosen = outputs(rng, labels, wrong=0.2)
    true = annotation_scores(chosen, labels).image_f1
    held = 0
    for _ in range(150):
        sample = rng.choice(len(labels), size=150)
        intervals = Uncertainty(labels[sample], Resampling(draws=200)).of({"CNN": chosen[sample]}).intervals
        low, high = intervals["CNN"]["image_f1"]
        held += low <= true <= high
    assert 0.88 <= held / 150 <= 0.995  # 0.95 ± 4 standard errors


def test_equal_rows_differ_at_5_percent_about_once_in_20():
    """Two annotators that err alike: p must not be small too often, or the test is none."""
    rng = np.random.default_rng(0)
    small = 0
    for _ in range(200):
        labels = rng.random((60, 4)) < 0.4
        both = {name: outputs(rng, labels, wrong=0.25) for name in ("MS-CNN", "CNN")}
        pairs = Uncertainty(labels, Resampling(draws=100)).of(both).pairs
        small += pair_of(pairs).p <= 0.05
    assert 1 <= small <= 22  # 10 expected, 4 standard deviations above


def test_more_images_narrow_the_intervals():
    rng = np.random.default_rng(0)
    widths = []
    for images in (100, 1600):
        labels = rng.random((images, 4)) < 0.5
        intervals = Uncertainty(labels, DRAWS).of({"CNN": outputs(rng, labels, wrong=0.2)}).intervals
        widths.append(np.ptp(intervals["CNN"]["image_f1"]))
    assert widths[0] / widths[1] == pytest.approx(4, rel=0.4)  # √16


def test_one_image_has_an_interval_of_no_width():
    intervals = Uncertainty(np.array([[True, False]]), DRAWS).of({"CNN": np.array([[True, True]])}).intervals
    assert intervals["CNN"]["image_precision"] == pytest.approx([50, 50])


def test_pairs_are_of_rows_that_there_are():
    methods = {row.method for row in ROWS}
    pairs = (*PAIRS, *SYSTEM_PAIRS, *((ours.removeprefix("MS-"), title) for ours, title in SYSTEM_PAIRS))
    assert all(set(pair) <= methods for pair in pairs)
    assert len(set(pairs)) == len(pairs)


@pytest.mark.parametrize("ours", ["MS-CNN+Tags", "CNN+Tags"])
def test_systems_are_paired_with_our_rows_with_and_without_fusion_blocks(labels, chosen, ours):
    rows = {"CNN": chosen["CNN"], ours: chosen["MS-CNN"], "SINN": chosen["CNN"], "ASL": chosen["CNN"]}
    rows |= {"MS-CNN": chosen["MS-CNN"]} if ours == "MS-CNN+Tags" else {}
    pairs = {(pair.a, pair.b) for pair in Uncertainty(labels, DRAWS).of(rows).pairs}
    visual = ours.removesuffix("+Tags")
    assert pairs >= {(ours, "SINN"), (visual, "ASL"), (ours, visual)}
    assert ("CNN", "ASL") not in pairs or visual == "CNN"


def test_an_interval_of_a_difference_that_is_not_to_be_relied_on_says_so():
    """One image in forty has the second class, so many resamples lack it and C-P moves by a half."""
    labels = np.zeros((40, 2), bool)
    labels[:, 0] = labels[0, 1] = True
    wrong = labels.copy()
    wrong[0, 1] = False
    pairs = Uncertainty(labels, Resampling(draws=400)).of({"MS-CNN": labels, "CNN": wrong}).pairs
    assert {pair.measure: pair.biased for pair in pairs} == {"image_f1": False, "harmonic_f1": True}


def test_a_pair_that_lacks_a_row_is_left_out(labels, chosen):
    measured = Uncertainty(labels, DRAWS).of({"Upper bound": labels, "MS-CNN": chosen["MS-CNN"]})
    intervals, pairs = measured.intervals, measured.pairs
    assert list(intervals) == ["Upper bound", "MS-CNN"]
    assert pairs == ()


@pytest.mark.exhaustive
def test_a_pair_on_all_of_nus_wide_takes_half_a_gigabyte_at_most():
    rng = np.random.default_rng(0)
    labels = rng.random((107_859, 81), np.float32) < 0.03
    both = {name: outputs(rng, labels, wrong=0.01) for name in ("MS-CNN", "CNN")}
    tracemalloc.start()
    Uncertainty(labels, Resampling()).of(both)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 500e6
