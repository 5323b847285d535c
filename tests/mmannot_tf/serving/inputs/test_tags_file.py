import contextlib
from pathlib import Path

import pytest

from mmannot_tf.serving.inputs.photographs import PhotographFile
from mmannot_tf.serving.inputs.tags_file import TagsFile
from tfrecords_tools.shell.errors import UserError


def _tags(file, content, *photographs):
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with contextlib.closing(TagsFile(file)) as tags:
        return [tags.get(PhotographFile(Path(path), relative)) for path, relative in photographs]


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
        texts = [tags.get(PhotographFile(Path(name), name)) for name in ("a.jpg", "b.jpg", "c.jpg")]
    assert texts == ["sea", "", "sun"]


def test_spreadsheets_marks_and_odd_rows_are_read(tmp_path):
    content = "\ufeffFile;tags;more\r\nø.jpg;été;1\r\nshort.jpg;;\r\n"
    assert _tags(tmp_path / "t.csv", content, ("ø.jpg", "ø.jpg"), ("short.jpg", "short.jpg")) == ["été", ""]


@pytest.mark.parametrize("name", ["./in/é.jpg", "in\\é.jpg", "in/e\u0301.jpg", "in//é.jpg", "top/in/é.jpg"])
@pytest.mark.parametrize("stored", ["é.jpg", "e\u0301.jpg"])
def test_names_match_by_the_one_rule(tmp_path, name, stored):
    photograph = (f"top/in/{stored}", f"in/{stored}")
    assert _tags(tmp_path / "t.csv", f"image,tags\n{name},sea\n", photograph) == ["sea"]


def test_absolute_names_match(tmp_path):
    content = f"image,tags\n{Path.cwd()}/top/a.jpg,sea\n"
    assert _tags(tmp_path / "t.csv", content, ("top/a.jpg", "a.jpg")) == ["sea"]


@pytest.mark.parametrize(
    ("row", "problem"),
    [("p1.jpg,tree, sky", "3 cells under 2 columns.*double quotes"), ("p1.jpg", "1 cell ")],
)
def test_a_row_of_another_length_is_an_error_with_its_line(tmp_path, row, problem):
    with pytest.raises(UserError, match=rf"t\.csv:3: {problem}"):
        _tags(tmp_path / "t.csv", f"image,tags\na.jpg,sea\n{row}\n")


def test_the_report_names_rows_without_a_photograph_with_several_and_twice(tmp_path):
    file = tmp_path / "tags.csv"
    file.write_text("image,tags\na.jpg,sea\nb.jpg,sun\ngone.jpg,x\nb.jpg,sky\nmore/gone.jpg,x\n")
    photographs = [
        PhotographFile(Path(name), name.split("/")[-1]) for name in ("A/a.jpg", "B/a.jpg", "A/b.jpg")
    ]
    with contextlib.closing(TagsFile(file)) as tags:
        assert [tags.get(photograph) for photograph in [*photographs, *photographs]] == [
            "sea",
            "sea",
            "sky",
        ] * 2
        report = tags.report()
    assert report.document() == {
        "rows": 5,
        "unmatched": 2,
        "unmatched_images": ["gone.jpg", "more/gone.jpg"],
        "repeated": 1,
        "ambiguous": 1,
        "ambiguous_images": ["a.jpg"],
    }
    assert list(report.lines()) == [
        "tags.csv: 2 of 5 rows match no photograph: gone.jpg, more/gone.jpg",
        "tags.csv: 1 row names an image that a later row names, which counts",
        "tags.csv: 1 row matches several photographs each: a.jpg",
    ]


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
