"""Reading single records, against reading a whole split; with many shards of unequal sizes."""

import json
import shutil

import numpy as np
import pytest
import tensorflow as tf

from tfrecords_tools.reading.record_index import (
    read_at_positions,
    record_numbers,
    record_offsets,
    record_positions,
)
from tfrecords_tools.reading.records import data_loss_as_user_error, open_records, read

SHARDS = 21
"""More than TFDS interleaves at a time, so that their order matters in every way."""


def _enlarged(record):
    example = tf.train.Example.FromString(record)
    example.features.feature["image"].bytes_list.value[0] += bytes(20_000_000)
    return example.SerializeToString()


@pytest.fixture(scope="module")
def sharded(tiny_records, tmp_path_factory):
    """The tiny records with their training split in many shards; record i lies in shard i² mod SHARDS.

    The first record is so large that a reader that did not wait for it would give others before it.
    """
    copy = shutil.copytree(tiny_records.path, tmp_path_factory.mktemp("sharded") / "records")
    (whole,) = copy.glob("*-train.tfrecord*")
    shards = [[] for _ in range(SHARDS)]
    for number, record in enumerate(tf.data.TFRecordDataset(str(whole)).as_numpy_iterator()):
        shards[number**2 % SHARDS].append(record if number else _enlarged(record))
    name = whole.name.partition(".tfrecord")[0]
    for number, shard in enumerate(shards):
        file = copy / f"{name}.tfrecord-{number:05}-of-{SHARDS:05}"
        with tf.io.TFRecordWriter(str(file)) as writer:
            for record in shard:
                writer.write(record)
    whole.unlink()
    info = json.loads((copy / "dataset_info.json").read_text())
    (train,) = (split for split in info["splits"] if split["name"] == "train")
    train["shardLengths"] = [str(len(shard)) for shard in shards]
    (copy / "dataset_info.json").write_text(json.dumps(info))
    return open_records(copy, check=False)


def _all(examples):
    return [(example["id"], hash(example["image"]), example["labels"].tolist()) for example in examples]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [None, 1, 2, 77])
def test_positions_come_in_the_order_of_read(sharded, seed):
    want = _all(read(sharded, "train", seed=seed).as_numpy_iterator())
    numbered = record_positions(sharded, "train", seed=seed).enumerate()
    have = list(read_at_positions(sharded, numbered).as_numpy_iterator())
    assert [number for number, _ in have] == list(range(len(want)))
    assert _all(example for _, example in have) == want


def test_any_of_them_can_be_read_alone(sharded):
    want = _all(read(sharded, "train").as_numpy_iterator())
    some = record_positions(sharded, "train").enumerate().filter(lambda number, _: number % 7 == 3)
    have = list(read_at_positions(sharded, some).as_numpy_iterator())
    assert [number for number, _ in have] == list(range(3, len(want), 7))
    assert _all(example for _, example in have) == want[3::7]


def test_offsets_are_where_tensorflow_begins_each_record(sharded):
    file = max(sharded.path.glob("*-train.tfrecord*"), key=lambda one: one.stat().st_size)
    lengths = [len(record) for record in tf.data.TFRecordDataset(str(file)).as_numpy_iterator()]
    want = np.cumsum([0, *(length + 16 for length in lengths)])
    np.testing.assert_array_equal(record_offsets(file), want[:-1])
    assert want[-1] == file.stat().st_size


@pytest.mark.slow
def test_a_number_is_the_index_of_an_example_in_its_files(sharded):
    """Numbers that come are 0 to N - 1, each once; the example of a number stays the same in any order."""
    found = {}
    for seed in (None, 1, 2):
        order = list(record_numbers(sharded, "train", seed=seed).as_numpy_iterator())
        ids = [example["id"] for example in read(sharded, "train", seed=seed).as_numpy_iterator()]
        assert sorted(order) == list(range(sharded.splits["train"]))
        assert found.setdefault("ids", dict(zip(order, ids, strict=True))) == dict(
            zip(order, ids, strict=True)
        )
    first = min(sharded.path.glob("*-train.tfrecord*"))
    want = [record for record in tf.data.TFRecordDataset(str(first)).as_numpy_iterator()]
    assert all(found["ids"][number] in record for number, record in enumerate(want))


def test_a_damaged_record_is_a_named_failure(sharded, tmp_path):
    from tfrecords_tools.shell.errors import UserError

    records = open_records(shutil.copytree(sharded.path, tmp_path / "damaged"), check=False)
    file = max(records.path.glob("*-train.tfrecord*"), key=lambda one: one.stat().st_size)
    damaged = bytearray(file.read_bytes())
    damaged[record_offsets(file)[1] + 40] ^= 1
    file.write_bytes(damaged)
    numbered = record_positions(records, "train").enumerate()
    with pytest.raises(UserError, match="mmannot-records verify"), data_loss_as_user_error(records):
        list(read_at_positions(records, numbered))
