import numpy as np

from mmannot_tf.data.tag_lists import multi_hot, padded, stacked


def test_padded_sorts_drops_repeats_and_fills_up():
    lists = padded([[3, 1, 3], [], [2]])
    assert lists.tolist() == [[1, 3], [-1, -1], [2, -1]]
    assert lists.dtype == np.int32


def test_lists_are_never_without_width():
    assert padded([[], []]).tolist() == [[-1], [-1]]
    assert padded([]).shape == (0, 1)


def test_multi_hot_marks_what_the_lists_hold():
    vectors = multi_hot(np.array([[0, 4, -1], [-1, -1, -1]], np.int32), 5)
    assert vectors.tolist() == [[1, 0, 0, 0, 1], [0, 0, 0, 0, 0]]
    assert vectors.dtype == np.uint8


def test_stacked_lists_keep_their_rows():
    parts = [padded([[1]]), padded([[0, 2, 3], []])]
    assert stacked(parts).tolist() == [[1, -1, -1], [0, 2, 3], [-1, -1, -1]]
