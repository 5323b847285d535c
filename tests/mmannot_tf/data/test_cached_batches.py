"""Batches of cached images equal those of decoded images, bit by bit and in order."""

import numpy as np
import pytest
import tensorflow as tf
from tiers import exhaustive

from mmannot_tf.config.settings import DataSettings
from mmannot_tf.data.arrays import load_arrays
from mmannot_tf.data.cached_batches import CachedBatches
from mmannot_tf.data.decoded_cache import DecodedCache
from mmannot_tf.data.image_batches import ImageBatches
from mmannot_tf.data.replicas import ReplicaRange
from mmannot_tf.weights.provenance import CAFFE


@pytest.fixture(scope="module", params=["memory", "disk"])
def pixels(request, tiny_records, tmp_path_factory):
    cache = DecodedCache(_images(tiny_records, "none"), tmp_path_factory.mktemp("decoded"))
    if request.param == "memory":
        return cache.in_memory()
    cache.store()
    return cache.open()


def _images(records, augmentation, tags=(), max_tags=1):
    """48 pixels differ from the scenes' 32, so that resized values are no integers."""
    settings = DataSettings(image_size=48, augmentation=augmentation)
    images = ImageBatches(records, settings, CAFFE, batch_size=28, shuffle_buffer=32)
    return images.with_tags(tags, max_tags)


def _pair(records, pixels, augmentation="flip", tags=()):
    arrays = load_arrays(records, "train", tags)
    images = _images(records, augmentation, tags, arrays.tag_lists.shape[1])
    return images, CachedBatches(images, pixels, arrays)


def _taken(batches, count):
    return [tf.nest.flatten(batch) for batch in batches.take(count).as_numpy_iterator()]


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "replicas",
    [None, ReplicaRange(2, 2, 4), *exhaustive([ReplicaRange(0, 2, 2), ReplicaRange(1, 1, 3)])],
    ids=str,
)
@pytest.mark.parametrize("augmentation", ["flip", *exhaustive(["none"])])
def test_epochs_are_those_of_decoded_images(tiny_records, pixels, augmentation, replicas):
    """88 images: three batches of 28 and one of 4."""
    decoded, cached = _pair(tiny_records, pixels, augmentation)
    count = 4 * (replicas.local if replicas else 1)
    for where in ({"epoch": 0}, {"epoch": 1, "skip": 2}):
        want = decoded.epoch(seed=3, replicas=replicas, **where)
        have = cached.epoch(seed=3, replicas=replicas, **where)
        assert have.element_spec == want.element_spec
        want, have = _taken(want, count), _taken(have, count)
        assert len(want) == len(have) > 1
        for expected, batch in zip(want, have, strict=True):
            for a, b in zip(expected, batch, strict=True):
                np.testing.assert_array_equal(a, b)


@pytest.mark.slow
def test_tags_and_quantity_beside_them_are_the_same(tiny_records, pixels):
    tags = tiny_records.vocabulary[:25]
    decoded, cached = _pair(tiny_records, pixels, tags=tags)
    want, have = (_taken(batches.epoch(seed=1, epoch=0), 4) for batches in (decoded, cached))
    for expected, batch in zip(want, have, strict=True):
        for a, b in zip(expected, batch, strict=True):
            np.testing.assert_array_equal(a, b)
    assert len(want[0]) == 4
    assert cached.ids(seed=1, epoch=0, step=2) == decoded.ids(seed=1, epoch=0, step=2)


def test_numbers_are_shuffled_and_a_row_is_read_when_it_is_due(tiny_records, pixels):
    """One batch of 28 with a shuffle buffer as large as the split reads few more than 28 rows."""
    _, cached = _pair(tiny_records, pixels)
    read = []

    class Noted:
        shape = pixels.shape

        def __getitem__(self, row):
            read.append(int(row))
            return pixels[row]

    noted = CachedBatches(cached.images, Noted(), cached.arrays)
    whole = noted.partial_pipelines(seed=0, epoch=0)["read"]
    assert len(list(whole.take(5))) == 5
    assert len(read) < 60
