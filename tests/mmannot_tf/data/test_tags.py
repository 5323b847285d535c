import numpy as np
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from mmannot_tf.data.tags import graph_splitter, multi_hot, tag_lists, tag_table


def test_the_current_rule_separates_at_semicolons_too():
    assert graph_splitter(2)(tf.constant([" Elk;red  deer ,#ÉLAN", ""])).to_list() == [
        [b"elk", b"red deer", "e\u0301lan".encode()],
        [b""],
    ]


def test_the_former_rule_strips_and_lowers_also_beyond_ascii():
    tags = graph_splitter(1)(tf.constant([" Elk,  red deer ,ÉLAN", ""]))
    assert [[tag.decode() for tag in row] for row in tags.to_list()] == [["elk", "red deer", "élan"], [""]]


def test_table_gives_indices_and_minus_one_for_strangers():
    assert tag_table(["elk", "grass"]).lookup(tf.constant(["grass", "moon", ""])).numpy().tolist() == [
        1,
        -1,
        -1,
    ]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.integers(-1, 6), max_size=9), min_size=1, max_size=5))
def test_multi_hot_marks_each_known_index_once(rows):
    expected = np.zeros((len(rows), 7), np.float32)
    for row, indices in enumerate(rows):
        for index in indices:
            if index >= 0:
                expected[row, index] = 1.0
    ragged = tf.ragged.constant(rows, tf.int64, ragged_rank=1)
    np.testing.assert_array_equal(multi_hot(ragged, 7), expected)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(st.integers(-1, 6), max_size=9), min_size=1, max_size=5),
    st.one_of(st.none(), st.integers(7, 9)),
)
def test_tag_lists_hold_each_known_index_once_and_are_filled_up(rows, max_tags):
    lists = tag_lists(tf.ragged.constant(rows, tf.int64, ragged_rank=1), 7, max_tags).numpy()
    assert lists.dtype == np.int32
    assert max_tags is None or lists.shape[1] == max_tags
    for row, indices in zip(rows, lists.tolist(), strict=True):
        known = sorted({index for index in row if index >= 0})
        assert len(indices) >= 1
        assert indices == known + [-1] * (len(indices) - len(known))


def test_tag_lists_of_images_without_tags_have_a_width():
    ragged = tf.RaggedTensor.from_row_lengths(tf.constant([], tf.int64), [0, 0])
    assert tag_lists(ragged, 7).numpy().tolist() == [[-1]] * 2
    assert tag_lists(ragged, 7, 2).numpy().tolist() == [[-1, -1]] * 2
