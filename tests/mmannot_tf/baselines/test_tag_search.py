import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mmannot_tf.baselines import tag_search
from mmannot_tf.data.tag_lists import padded
from tfrecords_tools.shell.errors import UserError

IMAGES = 38_400


def nearest(queries, pool, count, **options):
    """The search on the lists of multi-hot arrays, which the brute force below reads."""
    return tag_search.nearest(_lists(queries), _lists(pool), count, **options)


def _lists(multi_hot):
    return padded(np.flatnonzero(row) for row in multi_hot)


def _multi_hot(*tag_sets, tags=8):
    result = np.zeros((len(tag_sets), tags), np.uint8)
    for row, names in enumerate(tag_sets):
        result[row, list(names)] = 1
    return result


def _random(seed, images, tags=12, share=0.25):
    return (np.random.default_rng(seed).random((images, tags)) < share).astype(np.uint8)


def _sets(multi_hot):
    return [set(np.flatnonzero(row).tolist()) for row in multi_hot]


def _brute_force(queries, pool, count, own=None):
    """The nearest that share a tag, lower index first where they tie: similarities as they are written."""
    indices = []
    for row, mine in enumerate(_sets(queries)):
        similarity = {
            index: len(mine & theirs) / len(mine | theirs)
            for index, theirs in enumerate(_sets(pool))
            if mine & theirs and (own is None or index != own + row)
        }
        indices.append(sorted(similarity, key=lambda index: (-similarity[index], index))[:count])
    return indices


def _agrees(neighbours, queries, pool, count, own=None):
    expected = _brute_force(queries, pool, count, own)
    for row, (near, all_of_them) in enumerate(zip(expected, neighbours.indices.tolist(), strict=True)):
        assert all_of_them[: len(near)] == near
        assert len(set(all_of_them)) == count
        assert own is None or own + row not in all_of_them
        assert all(0 <= index < len(pool) for index in all_of_them)
    tagged = queries.any(axis=1)
    assert neighbours.untagged == (~tagged).sum()
    assert neighbours.filled == sum(
        has and len(near) < count for has, near in zip(tagged, expected, strict=True)
    )


def test_worked_example():
    pool = _multi_hot({0, 1, 2}, {0, 1}, {0, 1, 2, 3}, {4}, {0, 5, 6, 7})
    # to {0, 1, 2}: 1, 2/3, 3/4, nothing shared, 1/6
    neighbours = nearest(_multi_hot({0, 1, 2}), pool, 4)
    assert neighbours.indices.tolist() == [[0, 2, 1, 4]]
    assert neighbours.indices.dtype == np.int32
    assert (neighbours.untagged, neighbours.filled) == (0, 0)


def test_ties_go_to_the_lower_index():
    same = _multi_hot({0}, {1}, {0}, {0}, {0})
    assert nearest(same, same, 3, own=0).indices[[0, 2, 4]].tolist() == [[2, 3, 4], [0, 3, 4], [0, 2, 3]]


def test_equal_similarities_of_unequal_overlaps_tie():
    # to {0, 1, 2, 3}: 2 of 4 (two shared, none besides) and 3 of 6 (three shared, two besides) are both 1/2
    query, two, three = {0, 1, 2, 3}, {0, 1}, {0, 1, 2, 4, 5}
    assert nearest(_multi_hot(query), _multi_hot(three, two, two), 2).indices.tolist() == [[0, 1]]
    assert nearest(_multi_hot(query), _multi_hot(two, three, two), 2).indices.tolist() == [[0, 1]]
    assert nearest(_multi_hot(query), _multi_hot(two, two, three), 2).indices.tolist() == [[0, 1]]


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(
    arrays.arrays(np.uint8, st.tuples(st.integers(5, 14), st.just(6)), elements=st.integers(0, 1)),
    st.integers(1, 4),
    st.sampled_from([0, 14, 10**6]),
)
def test_equals_brute_force(pool, count, memory):
    _agrees(nearest(pool, pool, count, own=0, memory=memory), pool, pool, count, own=0)
    queries = pool[2:5]
    _agrees(nearest(queries, pool, count, memory=memory), queries, pool, count)
    _agrees(nearest(queries, pool, count, own=2, memory=memory), queries, pool, count, own=2)


@pytest.mark.slow
@pytest.mark.parametrize("memory", [0, 900, 2**28])
def test_memory_changes_no_neighbour(memory):
    pool = _random(1, 300, share=0.3)
    _agrees(nearest(pool, pool, 6, own=0, memory=memory), pool, pool, 6, own=0)


def _peak(tags, memory):
    """Bytes held at once by a search among images of one tag each, which take turns.

    The least of three searches: other threads of the process may allocate beside one of them.
    """
    pool = np.arange(IMAGES, dtype=np.int32)[:, np.newaxis] % tags
    peaks = []
    for _ in range(3):
        tracemalloc.start()
        tag_search.nearest(pool[:1], pool, 1, memory=memory)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    return min(peaks)


@pytest.mark.slow
def test_columns_of_frequent_tags_stay_within_memory_and_rare_tags_have_none():
    """A column is a byte an image; a tag in less than 1 of 64 images is rare."""
    _peak(60, 0)  # loads what a search imports
    assert _peak(60, 2**28) - _peak(60, 0) > 50 * IMAGES
    assert _peak(60, 10 * IMAGES) - _peak(60, 0) < 11 * IMAGES
    assert _peak(80, 2**28) - _peak(80, 0) < IMAGES


def test_more_shared_tags_than_a_byte_counts():
    pool = np.ones((4, 600), np.uint8)
    pool[1, 300:], pool[2, 301:], pool[3, 256:] = 0, 0, 0
    neighbours = nearest(pool, pool, 3, own=0)
    assert neighbours.indices.tolist() == [[2, 1, 3], [2, 3, 0], [1, 3, 0], [1, 2, 0]]


def test_an_image_without_tags_gets_random_neighbours_of_its_own():
    pool = _random(2, 400)
    pool[[3, 4, 5]] = 0
    first, again = (nearest(pool, pool, 6, own=0, seed=7) for _ in range(2))
    assert first.untagged == (~pool.any(axis=1)).sum() >= 3
    np.testing.assert_array_equal(first.indices, again.indices)
    assert len({tuple(row) for row in first.indices[[3, 4, 5]].tolist()}) == 3
    other = nearest(pool, pool, 6, own=0, seed=8).indices
    assert (other[3] != first.indices[3]).any()
    tagged = pool.any(axis=1)
    np.testing.assert_array_equal(other[tagged], first.indices[tagged])


def test_random_neighbours_hang_on_nothing_but_seed_and_index():
    queries, pool = _multi_hot({0}, (), {1}), _random(3, 60, tags=8)
    alone = nearest(np.zeros_like(queries), pool, 5, seed=1)
    np.testing.assert_array_equal(nearest(queries, pool, 5, seed=1).indices[1], alone.indices[1])
    assert alone.untagged == 3


def test_random_neighbours_are_any_image_but_the_query():
    pool = np.zeros((9, 2), np.uint8)
    drawn = np.concatenate([nearest(pool, pool, 2, own=0, seed=seed).indices for seed in range(60)])
    counts = np.bincount(drawn.ravel(), minlength=9)
    assert counts.min() > 0.6 * counts.mean()
    assert counts.max() < 1.4 * counts.mean()
    assert nearest(pool, pool, 8, own=0).indices.shape == (9, 8)


def test_images_that_share_nothing_only_fill_up():
    pool = _multi_hot({0}, {0, 1}, *[{5}] * 50)
    neighbours = nearest(_multi_hot({0}, {5}), pool, 6)
    assert neighbours.indices[0, :2].tolist() == [0, 1]
    assert min(neighbours.indices[0, 2:]) >= 2
    assert neighbours.indices[0, 2:].tolist() != [2, 3, 4, 5]
    assert (neighbours.untagged, neighbours.filled) == (0, 1)


def test_too_small_a_pool_is_one_line_with_what_to_do():
    pool = _random(4, 6)
    assert nearest(pool, pool, 5, own=0).indices.shape == (6, 5)
    message = r"^There must be 6 other images to be neighbours\. Received: 5\. Lower .*neighbours\.$"
    with pytest.raises(UserError, match=message):
        nearest(pool, pool, 6, own=0)
    assert nearest(pool, pool, 6).indices.shape == (6, 6)


def test_no_queries_and_no_vocabulary():
    assert nearest(np.zeros((0, 3), np.uint8), _random(5, 6, tags=3), 2).indices.shape == (0, 2)
    assert nearest(np.zeros((4, 0), np.uint8), np.zeros((4, 0), np.uint8), 2, own=0).untagged == 4


def test_a_tag_that_no_image_of_the_pool_has_is_passed_over():
    neighbours = nearest(_multi_hot({1, 7}), _multi_hot({2}, {1}, {1, 2}), 3)
    assert neighbours.indices.tolist()[0][:2] == [1, 2]
