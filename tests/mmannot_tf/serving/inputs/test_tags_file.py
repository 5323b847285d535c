import contextlib
from pathlib import Path

import pytest

from mmannot_tf.serving.inputs.photographs import Photograph
from mmannot_tf.serving.inputs.tags_file import TagsFile
from tfrecords_tools.shell.errors import UserError


def _tags(file, content, *photographs):
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with contextlib.closing(TagsFile(file)) as tags:
        return [tags.get(Photograph(Path(path), relative)) for path, relative in photographs]


def test_tags_are_found_by_path_or_by_path_below_the_folder(tmp_path):
    content = 'image,tags\nin/a.jpg,"sea, sun"\nb.jpg,\nphotos/c/d.jpg,night\nc/d.jpg,day\nb.jpg,late\n'
    photographs = [
        ("photos/in/a.jpg", "in/a.jpg"),
        ("photos/c/d.jpg", "c/d.jpg"),
        ("b.jpg", "b.jpg"),
        ("e", "e"),
    ]
    assert _tags(tmp_path / "tags.csv", content, *photographs) == ["sea, sun", "night", "late", ""]


def test_images_that_the_file_does_not_name_have_the_tags_of_all_others(tmp_path):
    file = tmp_path / "tags.csv"
    file.write_text("image,tags\na.jpg,sea\nb.jpg,\n")
    with contextlib.closing(TagsFile(file, default="sun")) as tags:
        texts = [tags.get(Photograph(Path(name), name)) for name in ("a.jpg", "b.jpg", "c.jpg")]
    assert texts == ["sea", "", "sun"]


def test_spreadsheets_marks_and_odd_rows_are_read(tmp_path):
    content = "\ufeffimage,tags,more\nø.jpg,été\nshort.jpg\n"
    assert _tags(tmp_path / "t.csv", content, ("ø.jpg", "ø.jpg"), ("short.jpg", "short.jpg")) == ["été", ""]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("name,words\n", "columns image and tags"),
        ("", "columns image and tags"),
        (b"image,tags\n\xff,a\n", "UTF-8"),
        (None, "must exist"),
    ],
)
def test_a_tags_file_that_is_none_is_refused(tmp_path, content, message):
    file = tmp_path / "tags.csv"
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UserError, match=message):
        TagsFile(file)
