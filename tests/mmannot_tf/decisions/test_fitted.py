"""What is refused when a way is fitted, applied, or read from a file, and what counts as a probability."""

import json
import warnings

import numpy as np
import pytest

from mmannot_tf.decisions.calibration import are_probabilities
from mmannot_tf.decisions.catalogue import WAYS, way_named
from mmannot_tf.decisions.fitted import FittedWay
from mmannot_tf.decisions.fitted_ways import FittedWays
from mmannot_tf.decisions.override import Override
from mmannot_tf.decisions.way import Options, Scores
from tfrecords_tools.shell.documents import sealed
from tfrecords_tools.shell.errors import UserError


@pytest.fixture(scope="module")
def labelled():
    """60 images with 5 labels."""
    rng = np.random.default_rng(0)
    probabilities = rng.random((60, 5)).astype(np.float32)
    labels = rng.random(probabilities.shape) < probabilities
    return Scores(probabilities, labels.sum(axis=1).astype(np.float32), labels.sum(axis=1)), labels


def test_a_probability_may_lie_beyond_its_bounds_by_rounding():
    assert are_probabilities(np.float32([[1.0000001, -1e-7, np.nan]]))
    assert not are_probabilities(np.float32([[1.00001]]))
    assert not are_probabilities(np.float32([[-0.00001]]))


def test_scores_of_another_scale_are_named_with_their_place(labelled):
    fitted = FittedWay.fit(way_named("expected_f"), *labelled)
    fitted.check_scale(Scores(np.float32([[1.0000001, 0, 0, 0, 0]])))
    with pytest.raises(UserError, match=r"Received: 1\.5 in row 2, column 3, and 1 others"):
        fitted.check_scale(Scores(np.float32([[0.5] * 5, [0, 0, 1.5, 1.25, 0]])))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300])
@pytest.mark.parametrize("where", ["scores", "quantities"])
def test_what_is_not_finite_cannot_be_fitted_on(labelled, where, value):
    scores, labels = labelled
    bad = scores.probabilities.astype(np.float64), scores.quantity.astype(np.float64)
    bad[where == "quantities"][(3,) if where == "quantities" else (3, 2)] = value
    for fit in (
        lambda: FittedWay.fit(way_named("posterior_mode"), Scores(*bad), labels),
        lambda: FittedWays.fit("top_k", Scores(*bad), labels, Options(), "platt"),
    ):
        with pytest.raises(UserError, match=f"{where} .* must be finite. Received: 1 NaN or infinite"):
            fit()


@pytest.mark.parametrize("quantity", [np.zeros(59), np.zeros((60, 1)), [1.0, 2.0]])
def test_a_quantity_is_one_number_an_image(labelled, quantity):
    with pytest.raises(UserError, match=r"quantity must be \[N\], a number for each of 60 images"):
        Scores(labelled[0].probabilities, quantity)


def test_quantities_may_be_lists():
    fitted = FittedWays.plain(2, Options()).by_name["predicted_quantity"]
    assert fitted.select(Scores([[0.25, 0.5]], [1.2])).tolist() == [[False, True]]
    truth = Scores([[0.25, 0.5]], None, [1])
    fitted = FittedWay.fit(way_named("true_quantity"), truth, np.array([[False, True]]))
    assert fitted.select(truth).tolist() == [[False, True]]


@pytest.mark.parametrize("name", ["one_threshold", "half_best_f", "posterior_f"])
def test_no_images_are_nothing_to_fit_on(name):
    nothing = Scores(np.zeros((0, 3)), np.zeros(0), np.zeros(0, int))
    with pytest.raises(
        UserError, match=r"must be fitted on an image and a label at least\. Received: \[0, 3\]"
    ):
        FittedWay.fit(way_named(name), nothing, np.zeros((0, 3), bool), calibrated="platt")


def test_no_labels_are_nothing_to_fit_on(labelled):
    with pytest.raises(UserError, match=r"an image and a label at least\. Received: \[60, 0\]"):
        FittedWay.fit(way_named("one_threshold"), Scores(np.zeros((60, 0))), np.zeros((60, 0), bool))


def test_lists_are_rows_of_one_length():
    with pytest.raises(UserError, match="probabilities must be numbers in rows of one length"):
        Scores([[0.5], [0.25, 0.75]])
    with pytest.raises(UserError, match="quantity must be numbers"):
        Scores([[0.5]], ["a"])


def test_an_estimate_is_of_the_same_labels(labelled):
    fitted = FittedWay.fit(way_named("expected_quantity"), *labelled, calibrated="platt")
    with pytest.raises(UserError, match=r"of the 5 labels that the way was fitted on\. Received: 3\."):
        fitted.estimate(Scores(labelled[0].probabilities[:, :3]))


def test_the_true_quantity_must_be_known(labelled):
    fitted = FittedWay.fit(way_named("true_quantity"), *labelled)
    with pytest.raises(UserError, match="true_quantity needs true quantities"):
        fitted.select(Scores(labelled[0].probabilities))


def test_a_path_may_be_a_text(labelled, tmp_path):
    fitted = FittedWay.fit(way_named("expected_f"), *labelled, Options(beta=np.float32(2), most=np.int64(3)))
    fitted.save(str(tmp_path / "way.json"))
    assert FittedWay.load(str(tmp_path / "way.json")) == fitted


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"k": 1.5}, "k must be a whole number"),
        ({"k": True}, "k must be a whole number"),
        ({"least": -1}, "least must be at least 0"),
        ({"most": 2**31}, "most must be at most 2147483647"),
        ({"beta": 0}, "beta must be from 0.01 to 100"),
        ({"beta": float("nan")}, "beta must be from 0.01 to 100"),
        ({"beta": "2"}, "beta must be from 0.01 to 100"),
        ({"rounding": "bogus"}, "rounding must be nearest, down, up"),
    ],
)
def test_options_are_within_their_ranges(values, message):
    with pytest.raises(UserError, match=message):
        Options(**values)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
@pytest.mark.parametrize("calibrated", ["none", "platt", "isotonic"])
def test_scores_near_the_largest_float_do_no_harm(way, calibrated):
    rng = np.random.default_rng(1)
    scores = rng.normal(size=(60, 5)).astype(np.float32)
    labels = scores > 0.25
    scores[3, 2], scores[5, 1], scores[6], scores[7], scores[8, ::2] = 1e38, -1e38, 3e38, -3e38, 3.4e38
    scores[8, 1::2] = -3.4e38
    scores = Scores(scores, labels.sum(axis=1), labels.sum(axis=1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted = FittedWay.fit(way, scores, labels, calibrated=calibrated)
        fitted.select(scores)
        assert np.isfinite(fitted.probabilities(scores.probabilities)).all()


def edited(file, change):
    """Changes a fitted way's file, with a seal that fits."""
    content = json.loads(file.read_text())
    del content["seal"]
    change(content)
    file.write_text(json.dumps(sealed(content)))


@pytest.mark.parametrize(
    ("name", "part", "values", "message"),
    [
        ("label_thresholds_image_f", "parameters", {"thresholds": [0.5]}, "thresholds: 1 of 5"),
        ("label_thresholds_image_f", "parameters", {"thresholds": []}, "thresholds: 0 of 5"),
        ("label_thresholds_image_f", "parameters", {"thresholds": [float("nan")] * 5}, "thresholds"),
        ("one_threshold", "parameters", {"threshold": float("nan")}, "threshold"),
        ("one_threshold", "parameters", {"other": 1}, "unknown key 'other'"),
        ("top_k", "parameters", {"k": 10**12}, "k must be at most"),
        ("top_k", "parameters", {"k": -2}, "k must be at least 0"),
        ("expected_f", "parameters", {"beta": 0.0}, "beta must be from"),
        ("expected_f", "parameters", {"most": -3}, "most must be at least 0"),
        ("expected_f", "parameters", {"least": 4, "most": 2}, "most must not be below least"),
        ("expected_f", "calibration", {"slope": [1.0, 1.0]}, "slope: 2 of 5"),
        ("expected_f", "calibration", {"intercept": []}, "intercept: 0 of 5"),
        ("proportional_odds", "parameters", {"cuts": []}, "cuts: 0"),
        ("proportional_odds", "parameters", {"cuts": [1.0, 0.5]}, "cuts that do not rise"),
        ("likeliest_quantity", None, {"labels": ["a", "b", "c"]}, "labels: 3 names of 5"),
        ("likeliest_quantity", None, {"most": -1}, "most must be at least 0"),
        ("likeliest_quantity", None, {"least": 4, "most": 3}, "most must not be below least"),
        ("likeliest_quantity", None, {"classes": 0}, "classes: 0"),
    ],
)
def test_a_file_with_numbers_that_no_fit_makes_is_refused(labelled, tmp_path, name, part, values, message):
    file = tmp_path / "way.json"
    FittedWay.fit(way_named(name), *labelled, calibrated="platt").save(file)
    edited(file, lambda content: (content[part] if part else content).update(values))
    with pytest.raises(UserError, match=f"damaged or edited .*{message}"):
        FittedWay.load(file)


@pytest.mark.parametrize(
    ("scores", "probabilities", "message"),
    [
        ([], [], "knots: 0 scores and 0 probabilities"),
        ([0.0, 1.0], [0.5], "knots: 2 scores and 1 probabilities"),
        ([1.0, 0.0], [0.25, 0.5], "knots that do not rise"),
        ([0.0, 1.0], [0.25, 1.5], "knots that do not rise"),
    ],
)
def test_knots_that_no_fit_makes_are_refused(labelled, tmp_path, scores, probabilities, message):
    file = tmp_path / "way.json"
    FittedWay.fit(way_named("expected_f"), *labelled, calibrated="isotonic").save(file)
    knots = {"scores": scores, "probabilities": probabilities}
    edited(file, lambda content: content["calibration"].update(knots))
    with pytest.raises(UserError, match=message):
        FittedWay.load(file)


def test_a_variance_that_is_no_variance_is_refused(labelled, tmp_path):
    file = tmp_path / "way.json"
    FittedWay.fit(way_named("posterior_f"), *labelled, calibrated="platt").save(file)
    edited(file, lambda content: content["parameters"]["posterior"].update(variance=0.0))
    with pytest.raises(UserError, match="variance: 0"):
        FittedWay.load(file)
    edited(file, lambda content: content["parameters"]["posterior"].update(variance=1.0, tilt=float("inf")))
    with pytest.raises(UserError, match="tilt"):
        FittedWay.load(file)


def test_a_least_above_the_fitted_most_is_refused(labelled):
    ways = FittedWays.fit("expected_f", *labelled, Options(most=3), "platt")
    for name in ("expected_f", "top_k"):
        with pytest.raises(UserError, match="must not be above most, which is 3 in the fitted way"):
            ways.under(Override(name, least=5))
        selected = ways.under(Override(name, least=5, most=5)).select(labelled[0])
        assert selected.all()
