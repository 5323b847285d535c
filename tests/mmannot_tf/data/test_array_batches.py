import numpy as np
import pytest
import tensorflow as tf

from mmannot_tf.data.array_batches import ArrayBatches


def _all(batches):
    inputs, targets = zip(*[(x.numpy(), y.numpy()) for x, y in batches], strict=True)
    return np.concatenate(inputs), np.concatenate(targets)


def test_they_give_each_row_once_with_its_target():
    inputs, targets = np.arange(10, dtype=np.uint8)[:, None], np.arange(10) * 2
    batches = ArrayBatches(inputs, targets, batch_size=4)
    rows, doubles = _all(batches.epoch(seed=0, epoch=0))
    assert sorted(rows[:, 0]) == list(range(10))
    np.testing.assert_array_equal(doubles, rows[:, 0] * 2)
    assert not np.array_equal(rows[:, 0], np.arange(10))
    np.testing.assert_array_equal(_all(batches.ordered())[0][:, 0], np.arange(10))


def test_they_resume_with_the_very_next_batch():
    batches = ArrayBatches(np.arange(10)[:, None], np.arange(10), batch_size=4)
    whole, rest = _all(batches.epoch(seed=7, epoch=2))[0], _all(batches.epoch(seed=7, epoch=2, skip=1))[0]
    np.testing.assert_array_equal(whole[4:], rest)


def test_several_arrays_keep_integers_and_are_finished_a_batch_at_a_time():
    table = tf.constant([[float(number), -float(number)] for number in range(10)])
    inputs = {"bytes": np.arange(10, dtype=np.uint8), "ids": np.arange(10, dtype=np.int32)}
    batches = ArrayBatches(
        inputs,
        {"labels": np.eye(10, dtype=np.uint8)},
        batch_size=4,
        finish=lambda read, targets: ({**read, "ids": tf.gather(table, read["ids"])}, targets),
    )
    read_batches = list(batches.epoch(seed=1, epoch=0))
    assert [len(read["ids"]) for read, _ in read_batches] == [4, 4, 2]
    for read, targets in read_batches:
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
