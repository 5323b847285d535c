"""The curves and points of the page's section on how many labels to give, against loops."""

import numpy as np
import pytest

from mmannot_tf.config.settings import EvaluationSettings
from mmannot_tf.evaluation.averages import average_ways
from mmannot_tf.evaluation.how_many import how_many
from mmannot_tf.evaluation.predictions import Predictions
from mmannot_tf.evaluation.scorer_ways import compare_scorers, estimated_quantities

SETTINGS = EvaluationSettings(k=2, untagged="joint")


def predicted(split, seed, images=200):
    """Made predictions of a classifier with a regressor, and of the image alone."""
    rng = np.random.default_rng(seed)
    probabilities = rng.beta(0.5, 1.5, (images, 6)).astype(np.float32)
    labels = rng.random(probabilities.shape) < probabilities
    quantity = (labels.sum(axis=1) + rng.normal(0, 0.7, images)).astype(np.float32)
    return Predictions(
        split=split,
        digest="",
        ids=tuple(map(str, range(images))),
        labels=labels,
        label_names=tuple("abcdef"),
        probabilities={"classifier": probabilities, "ms_cnn": probabilities[:, ::-1].copy()},
        quantity={"quantity": quantity, "quantity_visual": quantity + 1},
    )


@pytest.fixture(scope="module")
def splits():
    return predicted("validation", 0), predicted("test", 1)


@pytest.fixture(scope="module")
def found(splits):
    return how_many(*splits, SETTINGS)


def test_the_curve_is_that_of_all_thresholds(found, splits):
    scores, labels = splits[1].probabilities["classifier"], splits[1].labels
    every = set()
    for threshold in np.unique(scores):
        given = scores >= threshold
        correct = (given & labels).sum()
        every.add((round(100 * correct / labels.sum(), 6), round(100 * correct / given.sum(), 6)))
    curve = {
        (round(r, 6), round(p, 6))
        for r, p in zip(found.recall.tolist(), found.precision.tolist(), strict=True)
    }
    assert curve <= every
    assert len(curve) > 300
    assert found.recall[-1] == pytest.approx(100)
    assert (np.diff(found.recall) >= 0).all()


def test_the_points_are_the_ways_of_the_table(found):
    points = {point.name.split(",")[0]: point for point in found.points}
    for way in ("predicted_quantity", "top_k", "true_quantity", found.comparison.best("image_f1").way):
        row = found.comparison.row(way)
        point = points[row.title.split(",")[0]]
        assert point.precision == pytest.approx(row.scores.image_precision)
        assert point.recall == pytest.approx(row.scores.image_recall)
    precise, complete = (next(p for p in found.points if f"beta {beta}" in p.name) for beta in ("0.5", "2"))
    assert precise.precision > complete.precision
    assert precise.recall < complete.recall


def test_reliabilities_are_counted(found, splits):
    as_they_are, *_ = found.reliabilities
    scores, labels = splits[1].probabilities["classifier"], splits[1].labels
    inside = (scores >= 1 / 15) & (scores < 2 / 15)
    assert as_they_are.pairs[1] == inside.sum()
    assert as_they_are.true[1] == pytest.approx(labels[inside].mean())
    assert as_they_are.predicted[1] == pytest.approx(scores[inside].mean())


def test_too_few_images_to_fit_on_have_no_section(splits):
    assert how_many(splits[0].where(np.arange(200) < 9), splits[1], SETTINGS) is None


def test_every_way_that_estimates_a_quantity_has_a_row(splits):
    rows = {row.features: row.scores for row in estimated_quantities(*splits, SETTINGS)}
    scorers = {one.scorer: one for one in compare_scorers(*splits, SETTINGS)}
    assert len(rows) == 6
    for name, scores in rows.items():
        scorer, title = name.split(", ", 1)
        (row,) = [row for row in scorers[scorer].rows if row.title == title]
        assert row.quantity == scores
        assert row.way in ("likeliest_quantity", "expected_quantity", "posterior_mode")
    assert estimated_quantities(splits[0].where(np.arange(200) < 9), splits[1], SETTINGS) == ()


def test_ways_are_averaged_over_runs(splits):
    runs = [compare_scorers(*splits, SETTINGS), compare_scorers(splits[1], splits[0], SETTINGS)]
    tags, _ = average_ways(runs)
    assert (tags.scorer, tags.runs, tags.images, tags.fitted_on) == ("MS-CNN+Tags", 2, 200, 200)
    for row in tags.rows:
        each = [run[0].row(row.way) for run in runs]
        values = [one.scores.image_f1 for one in each]
        assert row.means["image_f1"] == pytest.approx(np.mean(values))
        assert row.spread["image_f1"] == pytest.approx(abs(values[0] - values[1]) / np.sqrt(2))
        assert row.means["mse"] == pytest.approx(np.mean([one.quantity.mse for one in each]))
