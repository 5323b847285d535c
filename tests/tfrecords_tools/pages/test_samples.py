from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from tensorflow_datasets.core.utils.shard_utils import ShardConfig

from tfrecords_tools.building.building import build_records
from tfrecords_tools.building.rules import Rules
from tfrecords_tools.building.source import RecordSource, Split
from tfrecords_tools.pages.samples import evenly_spaced, samples
from tfrecords_tools.reading.example import Example
from tfrecords_tools.reading.records import Records, read
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.synthetic.source import synthetic_source


def test_four_of_ten_are_the_middles_of_four_stretches():
    assert evenly_spaced(10, 4) == [1, 3, 6, 8]  # 10/8, 30/8, 50/8, 70/8


@given(total=st.integers(0, 300_000), count=st.integers(1, 40))
def test_positions_are_distinct_increasing_and_evenly_spaced(total: int, count: int):
    places = evenly_spaced(total, count)
    assert len(places) == min(total, count)
    assert places == sorted(set(places))
    assert all(0 <= place < total for place in places)
    steps = {second - first for first, second in pairwise(places)}
    assert not steps or max(steps) - min(steps) <= 1


def test_samples_are_the_records_that_were_built(built: Records, small_settings):
    source = synthetic_source(small_settings)
    for split, chosen in samples(built, per_split=12).items():
        offered = {example.id: example for example in source.splits[split].examples()}
        assert len(chosen) == min(12, len(offered))
        for sample in chosen:
            assert (sample.labels, sample.tags) == (offered[sample.id].labels, offered[sample.id].tags)
            assert sample.groups == ()


def test_samples_are_the_same_each_time(built: Records):
    assert samples(built, per_split=5) == samples(built, per_split=5)


def test_of_as_many_as_there_are_all_are_given_in_the_order_of_the_records(built: Records):
    chosen = [sample.id for sample in samples(built, per_split=100)["train"]]
    assert chosen == [one["id"].decode() for one in read(built, "train").as_numpy_iterator()]


def test_positions_count_through_all_shards(tmp_path: Path, make_jpeg, monkeypatch: pytest.MonkeyPatch):
    def some() -> Iterator[Example]:
        for number in range(30):
            yield Example(str(number), make_jpeg(number), ("a",), ("b",))

    source = RecordSource(
        "many", "default", ("a",), {}, {"train": Split(30, some)}, Rules(placeholder_copies=0)
    )
    monkeypatch.setattr(ShardConfig, "calculate_number_shards", lambda *_, **__: 4)
    records = build_records(source, out=tmp_path)
    assert len([*records.path.glob("many-train.tfrecord*")]) == 4
    every = samples(records, per_split=30)["train"]
    assert sorted(int(sample.id) for sample in every) == [*range(30)]
    assert samples(records, per_split=7)["train"] == [every[place] for place in evenly_spaced(30, 7)]


def test_an_image_that_does_not_decode_is_a_named_failure(copied: Records):
    shard = next(copied.path.glob("*-train.tfrecord*"))
    (first, *_) = tf.data.TFRecordDataset(str(shard)).as_numpy_iterator()
    example = tf.train.Example.FromString(first)
    image = example.features.feature["image"].bytes_list
    image.value[0] = image.value[0][: len(image.value[0]) // 2]
    with tf.io.TFRecordWriter(str(shard)) as writer:
        for _ in range(copied.splits["train"]):
            writer.write(example.SerializeToString())
    with pytest.raises(UserError, match=r"images must decode.*'scene-\d+'.*mmannot-records verify"):
        samples(copied, per_split=1)


def test_a_label_id_that_no_label_has_is_a_named_failure(copied: Records):
    shard = next(copied.path.glob("*-train.tfrecord*"))
    (first, *_) = tf.data.TFRecordDataset(str(shard)).as_numpy_iterator()
    example = tf.train.Example.FromString(first)
    example.features.feature["labels"].int64_list.value[0] = -1
    with tf.io.TFRecordWriter(str(shard)) as writer:
        for _ in range(copied.splits["train"]):
            writer.write(example.SerializeToString())
    with pytest.raises(UserError, match=r"label ids of records must lie.*image scene-\d+ with -1\."):
        samples(copied, per_split=1)


def test_a_corrupt_shard_is_a_named_failure(copied: Records):
    shard = next(copied.path.glob("*-train.tfrecord*"))
    content = bytearray(shard.read_bytes())
    content[20] ^= 1
    shard.write_bytes(content)
    with pytest.raises(UserError, match=r"records must be whole.*mmannot-records verify"):
        samples(copied, per_split=1)
