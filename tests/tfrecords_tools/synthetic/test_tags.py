import numpy as np
import pytest

from tfrecords_tools.synthetic.scenes import LABELS
from tfrecords_tools.synthetic.tags import MISSING, NOISE, SYNONYMS, draw_tags

SCENE = ("night", "house", "bird")


@pytest.fixture(scope="module")
def drawn() -> list[tuple[str, ...]]:
    return [draw_tags(SCENE, np.random.default_rng(seed)) for seed in range(4000)]


def named(label: str, tags: tuple[str, ...]) -> bool:
    return any(word in tags for word in SYNONYMS[label])


def test_every_label_has_words_and_each_means_one_thing():
    words = [word for synonyms in SYNONYMS.values() for word in synonyms] + list(NOISE)
    assert len(words) == len(set(words))
    assert set(SYNONYMS) == set(LABELS)


def test_forty_per_cent_of_the_labels_go_unnamed(drawn):
    share = np.mean([not named(label, tags) for tags in drawn for label in SCENE])
    assert share == pytest.approx(MISSING, abs=0.03)


def test_forty_per_cent_of_the_tags_are_wrong(drawn):
    right = {word for label in SCENE for word in SYNONYMS[label]}
    share = np.mean([tag not in right for tags in drawn for tag in tags])
    assert share == pytest.approx(0.4, abs=0.03)


def test_a_few_owners_write_nothing_and_nobody_repeats_a_word(drawn):
    assert 0.02 < np.mean([tags == () for tags in drawn]) < 0.06
    assert all(len(set(tags)) == len(tags) for tags in drawn)


def test_tags_are_a_pure_function_of_the_generator():
    assert draw_tags(SCENE, np.random.default_rng(4)) == draw_tags(SCENE, np.random.default_rng(4))
