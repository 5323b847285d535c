"""The verdict: what is simpler gets every chance, and the words follow the numbers."""

from dataclasses import replace

import numpy as np
import pytest

from mmannot_tf.config.settings import EvaluationSettings
from mmannot_tf.evaluation.predictions import Predictions
from mmannot_tf.evaluation.resampling import Resampling
from mmannot_tf.evaluation.verdict import verdict

SETTINGS = EvaluationSettings(k=1)
DRAWS = Resampling(draws=200)


def _predictions(labels, scores, *, tags=None, frequencies=(0.6, 0.5, 0.1)):
    return Predictions(
        split="test",
        digest="",
        ids=tuple(map(str, range(len(labels)))),
        labels=labels,
        label_names=("sky", "sea", "dog"),
        probabilities={"cnn": scores, **({} if tags is None else {"tag_encoder": tags})},
        quantity={},
        label_frequencies=np.float32(frequencies),
    )


def _made(images, seed=0):
    """Each image has sky or sea, and every tenth a dog; the scores know, the tags know half."""
    rng = np.random.default_rng(seed)
    labels = np.zeros((images, 3), bool)
    labels[np.arange(images), rng.integers(0, 2, images)] = True
    labels[::10, 2] = True
    scores = np.where(labels, 0.9, 0.1).astype(np.float32)
    scores[:, 2] *= 0.5
    known = rng.random(labels.shape) < 0.5
    tags = np.where(labels & known, 0.9, 0.1).astype(np.float32)
    return labels, scores, tags


def f1(chosen, labels):
    return 200 * (chosen & labels).sum() / (chosen.sum() + labels.sum())


def test_simpler_ways_get_what_is_best_on_other_images():
    labels, scores, tags = _made(400)
    other = _predictions(*_made(200, seed=1)[:2], tags=_made(200, seed=1)[2])
    found = verdict(_predictions(labels, scores, tags=tags), SETTINGS, resampling=DRAWS, chosen_on=other)
    both, alone = found.simpler
    assert both == "the same labels for every image (the most frequent 2)"
    assert found.simpler[both] == pytest.approx(
        f1(np.array([True, True, False]) & np.ones_like(labels), labels)
    )
    assert found.simpler[alone] == pytest.approx(f1(tags > 0.5, labels))
    assert found.f1 == pytest.approx(f1(np.eye(3, dtype=bool)[scores.argmax(axis=1)], labels))
    assert found.precision == 100 and found.interval[0] < found.f1 < found.interval[1]


def test_without_other_images_both_give_k_labels():
    labels, scores, tags = _made(400)
    found = verdict(_predictions(labels, scores, tags=tags), SETTINGS, resampling=DRAWS)
    both, alone = found.simpler
    assert both.endswith("(the most frequent 1)")
    assert found.simpler[alone] == pytest.approx(f1(np.eye(3, dtype=bool)[tags.argmax(axis=1)], labels))


def test_words_follow_the_numbers():
    labels, scores, tags = _made(4000)
    first, *against, last = verdict(
        _predictions(labels, scores, tags=tags), SETTINGS, resampling=DRAWS
    ).sentences
    assert first.startswith("CNN finds 91 % of the labels of 4,000 images, and 100 % of those that it gives")
    assert all("above" in line and "beyond noise" in line for line in against) and len(against) == 2
    assert last.startswith("There are enough images")


def test_chance_on_few_images_is_within_noise():
    labels, _, tags = _made(40)
    rng = np.random.default_rng(3)
    found = verdict(
        _predictions(labels, rng.random(labels.shape).astype(np.float32), tags=tags),
        SETTINGS,
        resampling=DRAWS,
    )
    assert "below the tags alone" in " ".join(found.sentences)
    assert "within noise" in " ".join(found.sentences)
    *_, last = found.sentences
    assert last.startswith("There are few images: with others F1 could be 1")


def test_a_perfect_score_on_few_images_is_none():
    labels, scores, tags = _made(400)
    found = verdict(_predictions(labels, scores, tags=tags), SETTINGS, resampling=DRAWS)
    one = replace(found, images=29, f1=100.0, interval=(100.0, 100.0))
    *_, last = one.sentences
    assert last == "There are too few images to tell, 29: intervals of fewer than 30 are too narrow."
    equal = replace(found, tests=tuple(replace(test, difference=0.04) for test in found.tests))
    assert "That is as much as the same labels for every image" in equal.sentences[1]


def test_a_difference_with_a_biased_interval_is_not_beyond_noise():
    labels, scores, tags = _made(4000)
    found = verdict(_predictions(labels, scores, tags=tags), SETTINGS, resampling=DRAWS)
    biased = replace(found, tests=tuple(replace(test, biased=True) for test in found.tests))
    _, *against, _ = biased.sentences
    assert all("uncertain, for the resamples are biased" in line for line in against)
    assert not any("noise" in line for line in against)


def test_a_run_without_tags_is_compared_with_frequencies_alone():
    labels, scores, _ = _made(100)
    assert len(verdict(_predictions(labels, scores), SETTINGS, resampling=DRAWS).tests) == 1
