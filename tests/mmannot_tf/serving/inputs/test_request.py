"""What the arguments of `annotate` name."""

import io
from types import SimpleNamespace

import pytest
import tensorflow as tf

from mmannot_tf.serving.inputs.own_tags import OwnTags
from mmannot_tf.serving.inputs.photograph_list import PhotographList
from mmannot_tf.serving.inputs.request import Request
from mmannot_tf.serving.inputs.shard import Shard
from tfrecords_tools.photographs.unreadable import UnreadableImageError
from tfrecords_tools.shell.errors import UserError

NAMES = ["a.png", "b.JPG", "inner/c.jpeg", "inner/deeper/d.jpg"]


def _listed(file, text):
    file.write_bytes(text)
    photographs = list(PhotographList(str(file)))
    return [(str(photograph), photograph.tags) for photograph in photographs]


def test_a_list_has_a_path_or_an_address_in_each_line(tmp_path):
    text = (
        "a.jpg\r\n\nwith, comma.jpg\ngs://bucket/b c.jpg\n/absolute/\N{LATIN SMALL LETTER E WITH ACUTE}.jpg"
    )
    names = ["a.jpg", "with, comma.jpg", "gs://bucket/b c.jpg", "/absolute/\xe9.jpg"]
    assert _listed(tmp_path / "list", text.encode()) == [(name, None) for name in names]


@pytest.mark.parametrize("header", ["image,tags", "path,tags", "filename;tags", "tags\timage"])
def test_a_list_may_be_a_table_with_tags(tmp_path, header):
    delimiter = next(mark for mark in ",;\t" if mark in header)
    cells = ["a.jpg", '"sea, sun"'] if header[0] != "t" else ['"sea, sun"', "a.jpg"]
    text = f"{header}\n{delimiter.join(cells)}\n"
    assert _listed(tmp_path / "list.csv", text.encode()) == [("a.jpg", "sea, sun")]


def test_a_table_without_tags_leaves_them_to_others(tmp_path):
    ((name, tags),) = _listed(tmp_path / "list.csv", b"image,width\na.jpg,640\n")
    assert (name, tags) == ("a.jpg", None)


def test_a_list_can_come_from_the_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"a.jpg\nb.jpg\n")))
    listed = PhotographList("-")
    request = Request(listed=listed)
    assert request.count() == 2
    assert list(map(str, request.photographs())) == ["a.jpg", "b.jpg"]
    listed.close()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"image,tags\na.jpg\n", "1 cell under 2 columns"),
        (b"a.jpg\n\xff\xfe\xfd", "UTF-8"),
        (None, "must exist"),
    ],
)
def test_a_damaged_list_is_refused(tmp_path, text, message):
    if text is not None:
        (tmp_path / "list").write_bytes(text)
    with pytest.raises(UserError, match=message):
        list(PhotographList(str(tmp_path / "list")))


def test_shards_hold_each_photograph_once_and_keep_them(photos, tmp_path):
    moved = tmp_path / "elsewhere"
    moved.symlink_to(photos)
    shares = [
        {photograph.relative for photograph in Request([str(folder)], shard=Shard(index, 3)).photographs()}
        for folder in (photos, moved)
        for index in range(3)
    ]
    assert sorted(name for share in shares[:3] for name in share) == NAMES
    assert shares[3:] == shares[:3]


def test_shards_are_about_equally_large():
    names = [SimpleNamespace(relative=f"2019/IMG_{number:05}.jpg") for number in range(8000)]
    sizes = [sum(Shard(index, 8).has(name) for name in names) for index in range(8)]
    assert sum(sizes) == 8000
    assert max(abs(size - 1000) for size in sizes) < 150  # five standard deviations


@pytest.mark.parametrize("text", ["8/8", "1", "-1/8", "0/0", "a/b", "1/2/3", "\u0661/8"])
def test_wrong_shards_are_refused(text):
    with pytest.raises(UserError, match="--shard must be i/N"):
        Shard.parse(text)


def _example(**features):
    return tf.train.Example(
        features=tf.train.Features(
            feature={
                name.replace("__", "/"): tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
                for name, values in features.items()
            }
        )
    ).SerializeToString()


@pytest.fixture
def record_file(photos, tmp_path):
    """A TFRecord file of four records, of which the third has no image and the fourth no photograph."""
    file = tmp_path / "train.tfrecord-00000-of-00001"
    first, second = ((photos / name).read_bytes() for name in NAMES[:2])
    records = [
        _example(image=[first], id=[b"one"], tags=[b"sea", b"San Francisco, CA"]),
        _example(image__encoded=[second], image__filename=[b"two.jpg"]),
        _example(id=[b"three"]),
        _example(image=[b"nothing"]),
    ]
    with tf.io.TFRecordWriter(str(file)) as writer:
        for record in records:
            writer.write(record)
    return file


def test_records_are_photographs_with_names_and_tags(record_file, photos):
    request = Request([str(record_file)])
    assert request.count() is None
    first, second, third, fourth = request.photographs()
    assert (str(first), first.tags) == ("one", "sea, San Francisco CA")
    assert first.content() == (photos / NAMES[0]).read_bytes()
    assert (str(second), second.tags, second.content()) == ("two.jpg", None, (photos / NAMES[1]).read_bytes())
    assert OwnTags("others").get(first) == first.tags
    assert OwnTags("others").get(second) == "others"
    for photograph, why in ((third, "without a feature image"), (fourth, "not JPEG")):
        with pytest.raises(UnreadableImageError, match=why):
            photograph.content()


def test_a_damaged_record_file_ends_with_what_is_wrong(record_file):
    content = record_file.read_bytes()
    record_file.write_bytes(content[: len(content) // 4])
    (broken,) = Request([str(record_file)]).photographs()
    with pytest.raises(UnreadableImageError, match="no record that can be read"):
        broken.content()


def test_a_folder_of_records_names_its_files(tiny_records):
    photographs = list(Request([str(tiny_records.path)]).photographs())
    assert len(photographs) == 110 + 30
    assert all(photograph.content() and photograph.tags is not None for photograph in photographs)


def test_pages_of_photographs_refuse_records(record_file):
    with pytest.raises(UserError, match="--sheet shows files"):
        Request([str(record_file)]).check_files("--sheet")
