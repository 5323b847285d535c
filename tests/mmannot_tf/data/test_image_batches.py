import numpy as np
import pytest

from mmannot_tf.config.settings import DataSettings
from mmannot_tf.data.arrays import load_arrays
from mmannot_tf.data.image_batches import ImageBatches
from mmannot_tf.weights.provenance import CENTRED


@pytest.fixture
def images(tiny_records):
    return ImageBatches(tiny_records, DataSettings(image_size=32), CENTRED, batch_size=16, shuffle_buffer=32)


def _all(batches):
    inputs, targets = zip(*[(x.numpy(), y.numpy()) for x, y in batches], strict=True)
    return np.concatenate(inputs), np.concatenate(targets)


@pytest.mark.slow
def test_an_epoch_is_a_pure_function_of_seed_and_epoch(images):
    first, second = _all(images.epoch(seed=1, epoch=3)), _all(images.epoch(seed=1, epoch=3))
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "epoch"), [(1, 4), (2, 3)])
def test_another_seed_or_epoch_is_another_order_of_the_same_images(images, seed, epoch):
    pixels, other = _all(images.epoch(seed=1, epoch=3))[0], _all(images.epoch(seed=seed, epoch=epoch))[0]
    assert not np.array_equal(pixels, other)
    np.testing.assert_allclose(np.sort(pixels.sum(axis=(1, 2, 3))), np.sort(other.sum(axis=(1, 2, 3))))


@pytest.mark.slow
def test_a_resumed_epoch_goes_on_with_the_very_next_batch(images):
    whole, rest = _all(images.epoch(seed=1, epoch=0)), _all(images.epoch(seed=1, epoch=0, skip=2))
    np.testing.assert_array_equal(whole[0][2 * 16 :], rest[0])
    np.testing.assert_array_equal(whole[1][2 * 16 :], rest[1])


def test_the_last_partial_batch_counts(images, tiny_records):
    sizes = [len(targets) for _, targets in images.epoch(seed=0, epoch=0)]
    assert sum(sizes) == tiny_records.splits["train"]
    assert sizes[-1] == tiny_records.splits["train"] % 16


def test_a_split_comes_in_the_order_of_its_arrays(images, tiny_records):
    targets = _all(images.split("validation"))[1]
    np.testing.assert_array_equal(targets, load_arrays(tiny_records, "validation", ()).labels)


@pytest.mark.slow
def test_flips_mirror_some_images_and_repeat_themselves(tiny_records):
    settings = DataSettings(image_size=32, augmentation="flip")
    flipping = ImageBatches(tiny_records, settings, CENTRED, batch_size=16, shuffle_buffer=32)
    plain = ImageBatches(tiny_records, DataSettings(image_size=32), CENTRED, batch_size=16, shuffle_buffer=32)
    flipped, again = _all(flipping.epoch(seed=5, epoch=0))[0], _all(flipping.epoch(seed=5, epoch=0))[0]
    original = _all(plain.epoch(seed=5, epoch=0))[0]
    np.testing.assert_array_equal(flipped, again)
    mirrored = [
        np.array_equal(image, source[:, ::-1]) for image, source in zip(flipped, original, strict=True)
    ]
    same = [np.array_equal(image, source) for image, source in zip(flipped, original, strict=True)]
    assert all(np.logical_or(mirrored, same))
    assert 0.2 < np.mean(mirrored) < 0.8


def _tags(records):
    """A vocabulary without some of the tags, so that some words are unknown."""
    return records.vocabulary[:25]


@pytest.mark.slow
@pytest.mark.parametrize("split", ["train", "validation"])
def test_tags_and_quantity_beside_images_are_those_of_the_splits_arrays(images, tiny_records, split):
    arrays = load_arrays(tiny_records, split, _tags(tiny_records))
    max_tags = arrays.tag_lists.shape[1]
    batches = list(images.with_tags(_tags(tiny_records), max_tags).split(split))
    np.testing.assert_array_equal(np.concatenate([x["tags"] for x, _ in batches]), arrays.tag_lists)
    for name, expected in (("labels", arrays.labels), ("quantity", arrays.quantity)):
        np.testing.assert_array_equal(np.concatenate([y[name] for _, y in batches]), expected)
    assert max_tags > 1 and (arrays.tag_lists >= 0).any(axis=1).any()


@pytest.mark.slow
def test_an_epoch_with_tags_is_the_epoch_without_and_its_tags(images, tiny_records):
    """The same images in the same order; each image is identified by its pixels."""
    arrays = load_arrays(tiny_records, "train", _tags(tiny_records))
    tags_of = dict(zip(_keys(images.split("train")), arrays.tag_lists.tolist(), strict=True))
    plain = images.epoch(seed=4, epoch=1, skip=1)
    beside = images.with_tags(_tags(tiny_records), arrays.tag_lists.shape[1]).epoch(seed=4, epoch=1, skip=1)
    for (alone, labels), (inputs, targets) in zip(plain, beside, strict=True):
        np.testing.assert_array_equal(inputs["images"], alone)
        np.testing.assert_array_equal(targets["labels"], labels)
        np.testing.assert_array_equal(targets["quantity"], labels.numpy().sum(axis=1))
        expected = [tags_of[image.numpy().tobytes()] for image in alone]
        np.testing.assert_array_equal(inputs["tags"], expected)


def _keys(batches):
    keys = [image.tobytes() for image in _all(batches)[0]]
    assert len(set(keys)) == len(keys)
    return keys
