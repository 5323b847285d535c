import numpy as np
import pytest

from mmannot_tf.data.arrays import load_arrays, vocabulary
from tfrecords_tools.reading.records import read
from tfrecords_tools.shell.errors import UserError


def test_arrays_hold_what_the_records_say_row_by_row(tiny_records):
    tags = tiny_records.vocabulary[:40]
    arrays = load_arrays(tiny_records, "test", tags)
    for row, example in enumerate(read(tiny_records, "test").as_numpy_iterator()):
        assert arrays.ids[row] == example["id"].decode()
        assert set(np.flatnonzero(arrays.labels[row])) == set(example["labels"].tolist())
        known = {tag.decode() for tag in example["tags"]} & set(tags)
        indices = [index for index in arrays.tag_lists[row].tolist() if index >= 0]
        assert {tags[index] for index in indices} == known
        assert len(indices) == len(known)
        assert arrays.quantity[row] == len(set(example["labels"].tolist()))
    assert row + 1 == tiny_records.splits["test"] == len(arrays.ids)


def test_vocabulary_larger_than_the_records_is_refused_with_both_numbers(tiny_records):
    have = len(tiny_records.vocabulary)
    with pytest.raises(UserError, match=rf"{have}\. Received: {have + 1}"):
        vocabulary(tiny_records, have + 1)


def test_vocabulary_is_the_most_frequent_tags(tiny_records):
    assert vocabulary(tiny_records, 5) == tiny_records.vocabulary[:5]
