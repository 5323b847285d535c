import numpy as np
import pytest
import tensorflow as tf

from mmannot_tf.config.settings import DataSettings
from mmannot_tf.data.arrays import load_arrays
from mmannot_tf.data.batches import ArrayBatches, ImageBatches
from mmannot_tf.weights.provenance import CENTRED


@pytest.fixture
def images(tiny_records):
    return ImageBatches(tiny_records, DataSettings(image_size=32), CENTRED, batch_size=16, shuffle_buffer=32)


def _all(batches):
    inputs, targets = zip(*[(x.numpy(), y.numpy()) for x, y in batches], strict=True)
    return np.concatenate(inputs), np.concatenate(targets)


def test_an_epoch_is_a_pure_function_of_seed_and_epoch(images):
    first, second = _all(images.epoch(seed=1, epoch=3)), _all(images.epoch(seed=1, epoch=3))
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])


@pytest.mark.parametrize(("seed", "epoch"), [(1, 4), (2, 3)])
def test_another_seed_or_epoch_is_another_order_of_the_same_images(images, seed, epoch):
    one, other = _all(images.epoch(seed=1, epoch=3))[0], _all(images.epoch(seed=seed, epoch=epoch))[0]
    assert not np.array_equal(one, other)
    np.testing.assert_allclose(np.sort(one.sum(axis=(1, 2, 3))), np.sort(other.sum(axis=(1, 2, 3))))


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


def test_flips_mirror_some_images_and_repeat_themselves(tiny_records):
    settings = DataSettings(image_size=32, augmentation="flip")
    flipping = ImageBatches(tiny_records, settings, CENTRED, batch_size=16, shuffle_buffer=32)
    plain = ImageBatches(tiny_records, DataSettings(image_size=32), CENTRED, batch_size=16, shuffle_buffer=32)
    flipped, again = _all(flipping.epoch(seed=5, epoch=0))[0], _all(flipping.epoch(seed=5, epoch=0))[0]
    original = _all(plain.epoch(seed=5, epoch=0))[0]
    np.testing.assert_array_equal(flipped, again)
    mirrored = [np.array_equal(one, two[:, ::-1]) for one, two in zip(flipped, original, strict=True)]
    same = [np.array_equal(one, two) for one, two in zip(flipped, original, strict=True)]
    assert all(np.logical_or(mirrored, same))
    assert 0.2 < np.mean(mirrored) < 0.8


def _tags(records):
    """A vocabulary that leaves tags out, so that some words are strangers to it."""
    return records.vocabulary[:25]


@pytest.mark.parametrize("split", ["train", "validation"])
def test_tags_and_quantity_beside_images_are_those_of_the_splits_arrays(images, tiny_records, split):
    arrays = load_arrays(tiny_records, split, _tags(tiny_records))
    longest = arrays.tag_lists.shape[1]
    batches = list(images.with_tags(_tags(tiny_records), longest).split(split))
    np.testing.assert_array_equal(np.concatenate([x["tags"] for x, _ in batches]), arrays.tag_lists)
    for name, expected in (("labels", arrays.labels), ("quantity", arrays.quantity)):
        np.testing.assert_array_equal(np.concatenate([y[name] for _, y in batches]), expected)
    assert longest > 1 and (arrays.tag_lists >= 0).any(axis=1).any()


def test_an_epoch_with_tags_is_the_epoch_without_and_its_tags(images, tiny_records):
    """Same images in the same order; each image's tags are its own, found by its pixels."""
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


def test_array_batches_give_each_row_once_with_its_target():
    inputs, targets = np.arange(10, dtype=np.uint8)[:, None], np.arange(10) * 2
    batches = ArrayBatches(inputs, targets, batch_size=4)
    rows, doubles = _all(batches.epoch(seed=0, epoch=0))
    assert sorted(rows[:, 0]) == list(range(10))
    np.testing.assert_array_equal(doubles, rows[:, 0] * 2)
    assert not np.array_equal(rows[:, 0], np.arange(10))
    np.testing.assert_array_equal(_all(batches.ordered())[0][:, 0], np.arange(10))


def test_array_batches_resume_with_the_very_next_batch():
    batches = ArrayBatches(np.arange(10)[:, None], np.arange(10), batch_size=4)
    whole, rest = _all(batches.epoch(seed=7, epoch=2))[0], _all(batches.epoch(seed=7, epoch=2, skip=1))[0]
    np.testing.assert_array_equal(whole[4:], rest)


def test_array_batches_of_several_arrays_keep_integers_and_are_finished_a_batch_at_a_time():
    table = tf.constant([[float(number), -float(number)] for number in range(10)])
    inputs = {"bytes": np.arange(10, dtype=np.uint8), "ids": np.arange(10, dtype=np.int32)}
    batches = ArrayBatches(
        inputs,
        {"labels": np.eye(10, dtype=np.uint8)},
        batch_size=4,
        finish=lambda read, targets: ({**read, "ids": tf.gather(table, read["ids"])}, targets),
    )
    found = list(batches.epoch(seed=1, epoch=0))
    assert [len(read["ids"]) for read, _ in found] == [4, 4, 2]
    for read, targets in found:
        assert {value.dtype for value in (*read.values(), *targets.values())} == {tf.float32}
        np.testing.assert_array_equal(read["ids"][:, 0], read["bytes"])
        np.testing.assert_array_equal(np.argmax(targets["labels"], axis=1), read["bytes"])
    plain = ArrayBatches(inputs["ids"], inputs["ids"], batch_size=4)
    assert {value.dtype for pair in plain.ordered() for value in pair} == {tf.int32}


def _buckets(lengths, batch_size, seed=0):
    rows = np.arange(len(lengths))
    batches = ArrayBatches(rows, rows, batch_size, lengths=np.asarray(lengths))
    return [batch.numpy() for batch, _ in batches.epoch(seed=seed, epoch=0)]


def test_bucketed_batches_hold_similar_lengths_and_each_row_once():
    lengths = np.random.default_rng(0).integers(1, 14, size=1003)
    batches = _buckets(lengths, 8)
    assert sorted(np.concatenate(batches)) == list(range(1003))
    assert [len(batch) for batch in batches] == [8] * 125 + [3]
    spread = [np.ptp(lengths[batch]) for batch in batches[:-1]]
    assert np.mean(spread) < 0.5 < 5 < np.mean([np.ptp(lengths[i : i + 8]) for i in range(0, 1000, 8)])


def test_bucketed_batches_do_not_come_in_the_order_of_their_lengths_and_resume():
    lengths = np.random.default_rng(0).integers(1, 14, size=400)
    first = [lengths[batch].max() for batch in _buckets(lengths, 8)]
    assert first != sorted(first)
    assert [b.tolist() for b in _buckets(lengths, 8)] != [b.tolist() for b in _buckets(lengths, 8, seed=1)]
    rows = ArrayBatches(np.arange(400), np.arange(400), 8, lengths=lengths)
    rest = [batch.numpy().tolist() for batch, _ in rows.epoch(seed=0, epoch=0, skip=7)]
    assert rest == [batch.tolist() for batch in _buckets(lengths, 8)[7:]]


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9])
def test_buckets_of_few_rows(count):
    assert sorted(row for batch in _buckets([3] * count, 8) for row in batch) == list(range(count))
