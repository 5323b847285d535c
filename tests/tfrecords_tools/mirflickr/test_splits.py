import pytest

from tfrecords_tools.mirflickr.labels import IMAGES
from tfrecords_tools.mirflickr.splits import training_numbers


@pytest.mark.parametrize("protocol", ["modulo", "random"])
def test_the_whole_collection_has_the_published_numbers(protocol):
    training = training_numbers(range(1, IMAGES + 1), protocol, seed=7)
    assert len({*training}) == len(training) == 15_000
    assert training == sorted(training)


def test_seeds_draw_independently():
    first, second = ({*training_numbers(range(1, IMAGES + 1), "random", seed=seed)} for seed in (0, 1))
    assert 8_700 < len(first & second) < 9_300  # 9,000 by chance, with a standard deviation of 37
