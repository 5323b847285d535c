import json
import shutil
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tfrecords_tools.reading.records import Records, data_loss_as_user_error, open_records, read
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.synthetic.source import synthetic_source


def ids(dataset) -> list[bytes]:
    return [example["id"] for example in dataset.as_numpy_iterator()]


def test_the_folder_and_a_parent_open_alike(built: Records):
    assert open_records(built.path.parents[2]) == built == open_records(built.path)


def test_a_folder_that_holds_none_several_or_is_missing_is_an_error(built: Records, tmp_path: Path):
    with pytest.raises(UserError, match="must exist"):
        open_records(tmp_path / "gone")
    with pytest.raises(UserError, match="holds none"):
        open_records(tmp_path)
    shutil.copytree(built.path, tmp_path / "a")
    shutil.copytree(built.path, tmp_path / ".hidden")
    assert open_records(tmp_path).path == tmp_path / "a"
    shutil.copytree(built.path, tmp_path / "b")
    with pytest.raises(UserError, match="one set of records"):
        open_records(tmp_path)


def test_records_without_their_marker_are_not_complete(copied: Records):
    (copied.path / "records.json").unlink()
    with pytest.raises(UserError, match="complete records"):
        open_records(copied.path)


@pytest.mark.parametrize(
    "content", ["{}", "[]", "not json", '{"source": "synthetic"}', '{"source": "synthetic", "files": [1]}']
)
def test_a_broken_marker_is_named(copied: Records, content: str):
    (copied.path / "records.json").write_text(content)
    with pytest.raises(UserError, match=r"records\.json"):
        open_records(copied.path)


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_reading_gives_what_the_source_offered(built: Records, small_settings, split: str):
    offered = {one.id: one for one in synthetic_source(small_settings).splits[split].examples()}
    found = {one["id"].decode(): one for one in read(built, split).as_numpy_iterator()}
    assert found.keys() == offered.keys()
    for key, example in found.items():
        assert example["image"] == offered[key].image
        assert example["labels"].dtype == np.int64
        assert tuple(built.labels[place] for place in example["labels"]) == offered[key].labels
        assert tuple(tag.decode() for tag in example["tags"]) == offered[key].tags


def test_images_stay_encoded_or_are_left_out(built: Records):
    example = next(read(built, "test").as_numpy_iterator())
    assert Image.open(BytesIO(example["image"])).size == (32, 32)
    assert set(next(read(built, "test", images=False).as_numpy_iterator())) == {"id", "labels", "tags"}


def test_the_order_is_the_same_every_time(built: Records):
    assert ids(read(built, "train")) == ids(read(built, "train", images=False))
    assert ids(read(built, "train", seed=5)) == ids(read(built, "train", seed=5))
    twice = ids(read(built, "train", seed=5).repeat(2))
    assert twice[: len(twice) // 2] == twice[len(twice) // 2 :]


def test_an_unknown_split_and_a_missing_shard_are_errors(copied: Records):
    with pytest.raises(UserError, match=r"train, validation, test\. Received: 'val'"):
        read(copied, "val")
    next(copied.path.glob("*-train.tfrecord*")).unlink()
    with pytest.raises(UserError, match=r"synthetic-train\.tfrecord-00000-of-00001"):
        read(copied, "train")


def test_what_a_pass_over_records_meets_is_told_and_other_errors_are_left_alone(built: Records):
    errors = tf.errors
    told = {
        "records must be whole": [
            errors.DataLossError(None, None, "cut"),
            errors.NotFoundError(None, None, ""),
        ],
        "must decode as JPEG or PNG": [errors.InvalidArgumentError(None, None, "in op DecodeJpeg: broken")],
    }
    for message, raised in told.items():
        for error in raised:
            with pytest.raises(UserError, match=message), data_loss_as_user_error(built):
                raise error
    with pytest.raises(errors.InvalidArgumentError), data_loss_as_user_error(built):
        raise errors.InvalidArgumentError(None, None, "indices must be positive")


@pytest.mark.parametrize(
    "name", ["features.json", "labels.labels.txt", "vocabulary.tsv", "dataset_info.json"]
)
def test_missing_metadata_is_an_error(copied: Records, name: str):
    (copied.path / name).unlink()
    with pytest.raises(UserError, match=name):
        open_records(copied.path)


def test_the_vocabulary_counts_the_training_tags(built: Records):
    tags = [tag.decode() for one in read(built, "train").as_numpy_iterator() for tag in one["tags"]]
    assert built.vocabulary == tuple(sorted(set(tags), key=lambda tag: (-tags.count(tag), tag)))
    assert json.loads((built.path / "records.json").read_text())["splits"] == dict(built.splits)
