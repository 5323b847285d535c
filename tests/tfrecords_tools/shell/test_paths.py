import unicodedata
from pathlib import Path

import pytest

from tfrecords_tools.shell.paths import FilesBelow, matching_form, path_below, shown

COMPOSED, DECOMPOSED = (unicodedata.normalize(form, "é.jpg") for form in ("NFC", "NFD"))


@pytest.mark.parametrize(
    "name", ["zoo/a.jpg", "./zoo/a.jpg", ".\\zoo\\a.jpg", "zoo//a.jpg", "zoo/./a.jpg", "zoo\\a.jpg"]
)
def test_spellings_of_one_path_are_equal(name):
    assert matching_form(name) == path_below(name) == "zoo/a.jpg"


def test_letters_match_composed_and_decomposed_but_not_in_another_case():
    assert COMPOSED != DECOMPOSED
    assert matching_form(COMPOSED) == matching_form(DECOMPOSED)
    assert matching_form("A.jpg") != matching_form("a.jpg")


def test_an_absolute_path_in_the_folder_becomes_relative(tmp_path: Path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    for start in ("real", "link"):
        assert path_below(f"{tmp_path}/{start}/zoo/a.jpg", tmp_path / start) == "zoo/a.jpg"
    assert path_below(f"{tmp_path}/real/a.jpg", tmp_path / "link") == "a.jpg"


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("", "is empty"),
        (" ", "is empty"),
        (".", "is empty"),
        ("/etc/a.jpg", "leaves the folder"),
        ("C:\\a.jpg", "leaves the folder"),
        ("x/../../a.jpg", "leaves the folder"),
        ("x\\..\\a.jpg", "leaves the folder"),
        ("http://example.org/a.jpg", "is a URL"),
        ("gs://bucket/a.jpg", "is a URL"),
        ("a\0.jpg", "character 0"),
    ],
)
def test_a_path_that_is_none_below_the_folder_is_refused(name, cause):
    with pytest.raises(ValueError, match=cause):
        path_below(name, Path("/photos"))


def test_names_with_colons_are_names():
    assert path_below("12:30.jpg") == "12:30.jpg"


def test_files_are_found_by_the_rule(tmp_path: Path):
    (tmp_path / "zoo").mkdir()
    for name in (DECOMPOSED, "zoo/a.jpg", "b.jpg"):
        (tmp_path / name).touch()
    files = FilesBelow(tmp_path)
    assert files.find(COMPOSED) == files.find(DECOMPOSED) == tmp_path / DECOMPOSED
    assert files.find("zoo/a.jpg") == tmp_path / "zoo" / "a.jpg"
    assert files.find("zoo/A.jpg") == tmp_path / "zoo" / "A.jpg"
    assert files.find("gone/c.jpg") == tmp_path / "gone" / "c.jpg"
    (tmp_path / DECOMPOSED).rename(tmp_path / COMPOSED)
    assert FilesBelow(tmp_path).find(DECOMPOSED) == tmp_path / COMPOSED


def test_of_two_spellings_the_written_one_is_found(tmp_path: Path):
    sign, *spellings = "\u212b", "\u00c5", "A\u030a"  # the sign for angstrom, and the letter in two forms
    for name in spellings:
        (tmp_path / name).touch()
    files = FilesBelow(tmp_path)
    assert [files.find(name).name for name in spellings] == spellings
    with pytest.raises(ValueError, match="matches 2 files"):
        files.find(sign)


def test_a_terminal_gets_one_line_without_control_characters():
    assert shown("a\r\n\tb\x1b[31m\x85\u2028\u202e\udcff é\\n") == r"a\r\n\tb\x1b[31m\x85\u2028\u202e\xff é\n"
