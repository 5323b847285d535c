"""Vectors in three kinds of files become the same records."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tensorflow as tf

from tfrecords_tools.building.building import build_records
from tfrecords_tools.building.checking import check
from tfrecords_tools.building.rules import Rules
from tfrecords_tools.features.settings import FeaturesSettings
from tfrecords_tools.features.source import features_source
from tfrecords_tools.reading.records import open_records, read
from tfrecords_tools.reading.verification import verify
from tfrecords_tools.shell.beam_runner import BeamRunner
from tfrecords_tools.shell.errors import UserError

IDS = [f"photo/{number}" for number in range(40)]
VECTORS = np.random.default_rng(3).normal(size=(40, 5)).astype(np.float32)
LABELS = [["sea", "sky"] if number % 3 else ["tree"] for number in range(40)]
TAGS = [["Beach", "blue hour"] if number % 2 else [] for number in range(40)]
SPLITS = [("train", "validation", "test")[number % 3] for number in range(40)]


def joined(words):
    return [";".join(row) for row in words]


def as_text(folder, **other):
    arrays = {"ids": IDS, "vectors": VECTORS, "labels": joined(LABELS), "tags": joined(TAGS)}
    np.savez(folder / "text.npz", **{**arrays, "splits": SPLITS, **other})
    return folder / "text.npz"


def as_multi_hot(folder):
    names = ["sky", "tree", "sea"]
    labels = np.array([[name in row for name in names] for row in LABELS])
    np.savez(
        folder / "hot.npz",
        ids=IDS,
        vectors=VECTORS.astype(np.float64),
        labels=labels,
        label_names=names,
        tags=joined(TAGS),
        splits=SPLITS,
    )
    return folder / "hot.npz"


def as_parquet(folder):
    columns = {"id": IDS, "vector": VECTORS.tolist(), "labels": LABELS, "tags": TAGS, "split": SPLITS}
    pq.write_table(pa.table(columns), folder / "rows.parquet", row_group_size=7)
    return folder / "rows.parquet"


def as_tfrecord(folder):
    def words(values):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value.encode() for value in values]))

    with tf.io.TFRecordWriter(str(folder / "rows.tfrecord")) as writer:
        for identifier, vector, labels, tags, split in zip(IDS, VECTORS, LABELS, TAGS, SPLITS, strict=True):
            features = {
                "id": words([identifier]),
                "vector": tf.train.Feature(float_list=tf.train.FloatList(value=vector)),
                "labels": words(labels),
                "tags": words(tags),
                "split": words([split]),
            }
            example = tf.train.Example(features=tf.train.Features(feature=features))
            writer.write(example.SerializeToString())
    return folder / "rows.tfrecord"


@pytest.mark.parametrize("write", [as_text, as_multi_hot, as_parquet, as_tfrecord])
def test_records_hold_what_the_file_holds(tmp_path, write):
    source = features_source(FeaturesSettings(arrays=write(tmp_path), model="my CLIP"))
    records = build_records(source, out=tmp_path / "records")
    assert (records.vectors.size, records.vectors.model) == (5, "my CLIP")
    assert records.labels == ("sea", "sky", "tree")
    assert records.vocabulary == ("beach", "blue hour")
    seen = {}
    for split in records.splits:
        for example in read(records, split).as_numpy_iterator():
            assert set(example) == {"id", "vector", "labels", "tags"}
            seen[example["id"].decode()] = (split, example)
    assert set(seen) == set(IDS)
    for number, identifier in enumerate(IDS):
        split, example = seen[identifier]
        assert split == SPLITS[number]
        np.testing.assert_array_equal(example["vector"], VECTORS[number])
        assert {records.labels[label] for label in example["labels"]} == {*LABELS[number]}
        assert [tag.decode() for tag in example["tags"]] == [tag.lower() for tag in TAGS[number]]
    assert verify(open_records(records.path)) == []


def test_another_number_is_another_set(tmp_path):
    digests = set()
    for name, vectors in (("a", VECTORS), ("b", VECTORS + np.float32(1e-6)), ("c", VECTORS)):
        (tmp_path / name).mkdir()
        source = features_source(
            FeaturesSettings(arrays=as_text(tmp_path / name, vectors=vectors), model="x")
        )
        digests.add(build_records(source, out=tmp_path / name / "records").digest)
    assert len(digests) == 2


def test_a_vector_that_is_not_finite_is_left_out_and_named(tmp_path):
    vectors = VECTORS.copy()
    vectors[4, 2] = np.nan
    rules = Rules(keep_untagged=True, bad_share=0.1)
    settings = FeaturesSettings(arrays=as_text(tmp_path, vectors=vectors), model="x", rules=rules)
    report = check(features_source(settings))
    assert [(bad["id"], bad["reason"]) for bad in report.refused] == [
        ("photo/4", "a vector with a number that is not finite")
    ]
    records = build_records(features_source(settings), out=tmp_path / "records")
    assert sum(records.splits.values()) == 39


def test_a_vector_in_two_splits_is_leakage(tmp_path):
    vectors = VECTORS.copy()
    vectors[1] = vectors[0]  # train and validation
    settings = FeaturesSettings(arrays=as_text(tmp_path, vectors=vectors), model="x")
    (leak,) = check(features_source(settings)).leaks
    assert leak.ids == {"train": ("photo/0",), "validation": ("photo/1",)}
    rules = Rules(keep_untagged=True, leakage="keep-train")
    settings = FeaturesSettings(arrays=settings.arrays, model="x", rules=rules)
    records = build_records(features_source(settings), out=tmp_path / "records")
    assert records.splits["validation"] == SPLITS.count("validation") - 1


def test_rows_without_a_split_get_one_by_their_id(tmp_path):
    source = features_source(FeaturesSettings(arrays=as_text(tmp_path, splits=[""] * 40), model="x"))
    names = {split: {example.id for example in rows.examples()} for split, rows in source.splits.items()}
    assert set().union(*names.values()) == set(IDS)
    fewer = tmp_path / "fewer.npz"
    np.savez(fewer, ids=IDS[:30], vectors=VECTORS[:30], labels=joined(LABELS[:30]))
    again = features_source(FeaturesSettings(arrays=fewer, model="x"))
    for split, rows in again.splits.items():
        assert {example.id for example in rows.examples()} <= names[split]


@pytest.mark.parametrize(
    ("other", "problem"),
    [
        ({"ids": ["same"] * 40}, "ids must be unique"),
        ({"ids": ["", *IDS[1:]]}, "ids must not be empty"),
        ({"ids": IDS[1:]}, "as many rows in each array"),
        ({"vectors": VECTORS[:39]}, "with a row for each of ids"),
        ({"vectors": VECTORS[:, 0]}, "with a row for each of ids"),
        ({"splits": ["dev", *SPLITS[1:]]}, "a split must be one of train, validation, test. Received: 'dev'"),
        ({"labels": [""] * 40}, "a vector must have a label"),
        ({"labels": np.ones((40, 2), bool)}, "label_names for each column"),
        ({"labels": np.array([["a"]] * 40, object)}, "without pickled objects"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path, other, problem):
    file = as_text(tmp_path, **other)
    with pytest.raises(UserError, match=problem):
        source = features_source(FeaturesSettings(arrays=file, model="x"))
        next(source.splits["train"].examples())


def test_a_file_of_another_kind_or_none_is_refused(tmp_path):
    (tmp_path / "x.csv").write_text("id,vector\n")
    for name, problem in (("x.csv", ".npz, .parquet, .tfrecord file"), ("y.npz", "does not exist")):
        with pytest.raises(UserError, match=problem):
            features_source(FeaturesSettings(arrays=tmp_path / name, model="x"))
    np.savez(tmp_path / "z.npz", ids=IDS)
    with pytest.raises(UserError, match="the arrays ids, vectors and labels"):
        features_source(FeaturesSettings(arrays=tmp_path / "z.npz", model="x"))
    pq.write_table(pa.table({"id": IDS}), tmp_path / "z.parquet")
    with pytest.raises(UserError, match="the columns id, vector and labels"):
        features_source(FeaturesSettings(arrays=tmp_path / "z.parquet", model="x"))


def test_vectors_of_several_lengths_are_refused(tmp_path):
    columns = {"id": IDS, "vector": [row[: 4 + (number == 9)].tolist() for number, row in enumerate(VECTORS)]}
    pq.write_table(pa.table({**columns, "labels": LABELS}), tmp_path / "rows.parquet")
    source = features_source(FeaturesSettings(arrays=tmp_path / "rows.parquet", model="x"))
    with pytest.raises(UserError, match="4 numbers in the first row and 5 in row 9"):
        [*source.splits["train"].examples()]


@pytest.mark.slow
def test_beam_builds_the_same_records(tmp_path):
    settings = FeaturesSettings(arrays=as_text(tmp_path), model="x")
    local = build_records(features_source(settings), out=tmp_path / "local")
    runner = BeamRunner("DirectRunner", ())
    assert (
        build_records(features_source(settings), out=tmp_path / "beam", runner=runner).digest == local.digest
    )
