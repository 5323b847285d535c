import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from mmannot_tf.decisions.calibration import (
    METHODS,
    Isotonic,
    Sigmoid,
    best_method,
    calibration_error,
    fit_calibration,
    logits,
    reliability,
)


def drawn(images, sharpness, shift=0.0):
    """Probabilities that are too extreme by `sharpness` in their log odds, and labels."""
    rng = np.random.default_rng(0)
    odds = rng.normal(-1, 1.5, (images, 4))
    labels = rng.random(odds.shape) < 1 / (1 + np.exp(-odds))
    return (1 / (1 + np.exp(-(sharpness * odds + shift)))).astype(np.float32), labels


def test_a_temperature_undoes_overconfidence():
    scores, labels = drawn(20_000, 3.0)
    fitted = Sigmoid.fit(scores, labels, per_label=False)
    assert fitted.slope == pytest.approx([1 / 3], abs=0.01)
    assert fitted.intercept == (0.0,)
    assert calibration_error(scores, labels) > 5
    assert calibration_error(fitted.apply(scores), labels) < 1


def test_platt_agrees_with_scikit_learns_regression_of_each_label():
    scores, labels = drawn(5000, 2.0, 1.0)
    fitted = Sigmoid.fit(scores, labels, per_label=True)
    for label in range(4):
        x = logits(scores[:, label : label + 1])
        there = LogisticRegression(C=1e6).fit(x, labels[:, label])
        assert fitted.slope[label] == pytest.approx(there.coef_[0, 0], abs=0.01)  # the prior weighs one image
        assert fitted.intercept[label] == pytest.approx(there.intercept_[0], abs=0.01)


def test_a_label_that_no_image_has_is_calibrated_like_the_others():
    scores, labels = drawn(500, 2.0)
    labels[:, 3] = False
    probabilities = Sigmoid.fit(scores, labels, per_label=True).apply(scores)
    assert np.isfinite(probabilities).all()
    assert probabilities[:, 3].mean() < probabilities[:, :3].mean()


def test_isotonic_agrees_with_scikit_learn():
    scores, labels = drawn(300, 2.0)
    there = IsotonicRegression(out_of_bounds="clip").fit(scores.ravel(), labels.ravel())
    here = Isotonic.fit(scores, labels)
    assert len(here.scores) <= 64
    # There a level is flat up to its end; here the line goes through its middle.
    assert np.abs(here.apply(scores).ravel() - there.predict(scores.ravel())).mean() < 0.02
    assert (np.diff(here.probabilities) >= 0).all()


@pytest.mark.parametrize("scale", [1.0, 1e4])
def test_scores_that_are_no_probabilities_become_some(scale):
    scores, labels = drawn(2000, 1.0)
    raw = scale * (logits(scores) - 1)
    method = best_method(raw, labels)
    assert method in ("platt", "isotonic")
    assert calibration_error(fit_calibration(method, raw, labels).apply(raw), labels) < 2


def test_what_is_calibrated_already_stays_so():
    scores, labels = drawn(20_000, 1.0)
    for method in METHODS:
        assert calibration_error(fit_calibration(method, scores, labels).apply(scores), labels) < 1


def test_the_calibration_error_by_hand():
    probabilities = np.array([[0.1, 0.1, 0.1, 0.9]])
    labels = np.array([[True, False, False, True]])
    mean, share, count = reliability(probabilities, labels, bins=2)
    assert (mean.tolist(), share.tolist(), count.tolist()) == (
        [pytest.approx(0.1), 0.9],
        [1 / 3, 1.0],
        [3, 1],
    )
    assert calibration_error(probabilities, labels, bins=2) == pytest.approx(
        100 * (3 * (1 / 3 - 0.1) + 0.1) / 4
    )
