"""Labels of which nothing is known, from records to targets."""

import dataclasses

import numpy as np
import pytest

from mmannot_tf.config.settings import DataSettings
from mmannot_tf.data.arrays import SplitArrays, load_arrays
from mmannot_tf.data.cached_batches import CachedBatches
from mmannot_tf.data.decoded_cache import DecodedCache
from mmannot_tf.data.image_batches import ImageBatches
from mmannot_tf.weights.provenance import CENTRED
from tfrecords_tools.reading.example import Example
from tfrecords_tools.reading.records import read

SKY, SEA, OWL = range(3)


@pytest.fixture
def arrays():
    """Three images: of the first all is known, of the second not sea, of the third only owl."""
    labels = np.array([[1, 1, 0], [1, 0, 0], [0, 0, 1]], np.uint8)
    unknown = np.array([[0, 0, 0], [0, 1, 0], [1, 1, 0]], bool)
    return SplitArrays(("a", "b", "c"), labels, np.full((3, 1), -1, np.int32), unknown)


def test_targets_are_below_0_where_nothing_is_known(arrays):
    assert arrays.targets.tolist() == [[1, 1, 0], [1, -1, 0], [-1, -1, 1]]
    whole = dataclasses.replace(arrays, unknown=None)
    assert whole.targets is whole.labels


def test_an_image_with_an_unknown_label_has_no_known_quantity(arrays):
    assert arrays.quantity.tolist() == [2.0, -1.0, -1.0] and arrays.mean_quantity == 2.0
    assert arrays.rows(np.array([1, 2])).mean_quantity == 0.0


def test_frequencies_are_among_the_images_of_which_a_label_is_known(arrays):
    np.testing.assert_allclose(arrays.label_frequencies, [2 / 2, 1 / 1, 1 / 3])
    nothing = dataclasses.replace(arrays, labels=arrays.labels * 0, unknown=np.ones((3, 3), bool))
    assert nothing.label_frequencies.tolist() == [0.0, 0.0, 0.0]


def test_rows_keep_what_is_unknown(arrays):
    assert arrays.rows(np.array([2, 0])).targets.tolist() == [[-1, -1, 1], [1, 1, 0]]


@pytest.mark.slow
def test_records_become_targets_in_arrays_and_in_batches(partly_known_records, tmp_path):
    records = partly_known_records
    arrays = load_arrays(records, "train", records.vocabulary[:5])
    examples = list(read(records, "train", images=False).as_numpy_iterator())
    assert any(len(example["unknown"]) for example in examples)
    for example, targets in zip(examples, arrays.targets, strict=True):
        assert np.flatnonzero(targets < 0).tolist() == sorted(example["unknown"].tolist())
        assert np.flatnonzero(targets > 0).tolist() == sorted(example["labels"].tolist())
    images = ImageBatches(records, DataSettings(image_size=32), CENTRED, batch_size=len(examples))
    (_, targets), *_ = images.split("train").as_numpy_iterator()
    np.testing.assert_array_equal(targets, arrays.targets)
    tagged = images.with_tags(records.vocabulary[:5], arrays.tag_lists.shape[1])
    cached = CachedBatches(tagged, DecodedCache(images, tmp_path).in_memory(), arrays)
    for batches in (tagged, cached):
        (_, targets), *_ = batches.epoch(seed=0, epoch=0).as_numpy_iterator()
        np.testing.assert_array_equal(targets["quantity"] < 0, (targets["labels"] < 0).any(axis=1))
        assert sorted(targets["labels"].tolist()) == sorted(arrays.targets.tolist())
        assert sorted(targets["quantity"].tolist()) == sorted(arrays.quantity.tolist())


def test_an_example_keeps_the_order_of_its_unknown_labels():
    assert Example("7", b"", ("sea",), (), unknown=("owl", "sky")).record(b"")["unknown"] == ["owl", "sky"]
