from pathlib import Path

import pytest

from tfrecords_tools.nus_wide.layout import check_folders, read_lines, read_names
from tfrecords_tools.shell.errors import UserError


def test_a_whole_layout_passes(raw: Path):
    check_folders(raw)


@pytest.mark.parametrize("name", ["ConceptsList", "ImageList", "Groundtruth", "NUS_WID_Tags", "Flickr"])
def test_a_missing_folder_is_named(raw: Path, name: str):
    (raw / name).rename(raw / "elsewhere")
    with pytest.raises(UserError, match=f"must hold {name}/"):
        check_folders(raw)


def test_images_elsewhere_do_not_count(raw: Path):
    (raw / "Flickr").rename(raw / "images")
    with pytest.raises(UserError, match="Flickr"):
        check_folders(raw)


def test_a_missing_raw_folder_is_named(tmp_path: Path):
    with pytest.raises(UserError, match="--raw"):
        check_folders(tmp_path / "gone")


def test_user_tags_that_match_concepts_never_stand_for_the_ground_truth(raw: Path):
    (raw / "Groundtruth").rename(raw / "elsewhere")
    (raw / "NUS_WID_Tags" / "Train_Tags81.txt").write_text("0 1 \n")
    with pytest.raises(UserError, match="user tags that match concepts, not ground truth") as caught:
        check_folders(raw)
    assert "Unpack Groundtruth" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", [b"a\nb\n", b"a\r\nb\r\n", b"a\nb", b"a\nb\n\n\n", b"\xef\xbb\xbfa\n b \n"])
def test_line_ends_blank_last_lines_and_a_byte_order_mark_do_not_matter(tmp_path: Path, text: bytes):
    path = tmp_path / "list.txt"
    path.write_bytes(text)
    assert read_lines(path) == ["a", "b"]


@pytest.mark.parametrize(("text", "row"), [(b"a\n\nb\n", 2), (b"", 1), (b"\n\n", 1), (b"a\nb\n \nc", 3)])
def test_a_blank_line_in_between_is_named(tmp_path: Path, text: bytes, row: int):
    path = tmp_path / "list.txt"
    path.write_bytes(text)
    with pytest.raises(UserError, match=rf"list.txt:{row}, which is blank"):
        read_lines(path)


def test_text_of_another_encoding_is_named(tmp_path: Path):
    path = tmp_path / "list.txt"
    path.write_bytes("mañana\n".encode("latin-1"))
    with pytest.raises(UserError, match=r"UTF-8.*list\.txt"):
        read_lines(path)


def test_a_repeated_name_is_reported_with_both_lines(tmp_path: Path):
    path = tmp_path / "list.txt"
    path.write_text("sun\nlake\nsun\n")
    with pytest.raises(UserError, match=r"list.txt:3: 'sun', which is line 1 already"):
        read_names(path)
