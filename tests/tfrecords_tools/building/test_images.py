from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from tfrecords_tools.building.images import checked_photograph
from tfrecords_tools.photographs.unreadable import UnreadableImageError


def encoded(image_format: str, mode: str = "RGB") -> bytes:
    file = BytesIO()
    Image.linear_gradient("L").convert(mode).save(file, format=image_format)
    return file.getvalue()


@pytest.mark.parametrize("image_format", ["JPEG", "PNG"])
def test_jpeg_and_png_pass_unchanged(image_format: str, tmp_path: Path):
    content = encoded(image_format)
    (tmp_path / "image").write_bytes(content)
    for photograph in (checked_photograph(content), checked_photograph(tmp_path / "image")):
        assert photograph.content == content
        assert photograph.original is None


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_grey_and_cmyk_jpegs_pass(mode: str):
    assert checked_photograph(encoded("JPEG", mode)).content == encoded("JPEG", mode)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty file"),
        (b"<html>gone</html>", "^not JPEG, PNG, WebP, HEIC, TIFF, BMP or GIF$"),
        (encoded("JPEG")[:-200], "truncated or damaged"),
        (encoded("PNG")[:-60], "truncated or damaged"),
    ],
)
def test_what_cannot_be_used_says_why(content: bytes, reason: str):
    with pytest.raises(UnreadableImageError, match=reason):
        checked_photograph(content)


@pytest.mark.parametrize(
    "content",
    [
        encoded("JPEG")[:-1],
        encoded("JPEG")[:-200],
        encoded("JPEG")[:300],
        encoded("PNG")[:-1],
        encoded("PNG")[:-60],
        encoded("PNG")[:100] + b"\0" + encoded("PNG")[101:],
    ],
)
def test_a_quick_check_refuses_what_has_no_end_or_a_wrong_checksum(content: bytes):
    with pytest.raises(UnreadableImageError):
        checked_photograph(content, quick=True)


@pytest.mark.parametrize(
    ("image_format", "options"),
    [("JPEG", {}), ("JPEG", {"progressive": True}), ("PNG", {}), ("MPO", {"save_all": True}), ("WEBP", {})],
)
def test_a_quick_check_passes_whole_photographs(image_format: str, options: dict[str, bool]):
    file = BytesIO()
    Image.linear_gradient("L").convert("RGB").save(file, format=image_format, **options)
    for content in (file.getvalue(), file.getvalue() + b"trailing"):
        assert checked_photograph(content, quick=True) == checked_photograph(content)


def test_a_quick_check_passes_a_jpeg_damaged_in_its_middle():
    """As documented; `verify` decodes the records."""
    content = bytearray(encoded("JPEG"))
    content[-60:-50] = bytes([0xFF, 0xC4] * 5)
    with pytest.raises(UnreadableImageError):
        checked_photograph(bytes(content))
    assert checked_photograph(bytes(content), quick=True).content == content


def test_a_missing_file_and_a_folder_are_unreadable(tmp_path: Path):
    with pytest.raises(UnreadableImageError, match="missing"):
        checked_photograph(tmp_path / "gone.jpg")
    with pytest.raises(UnreadableImageError, match="folder"):
        checked_photograph(tmp_path)


def test_a_broken_png_chunk_is_unreadable():
    content = bytearray(encoded("PNG"))
    content[len(content) // 2] ^= 0xFF
    with pytest.raises(UnreadableImageError):
        checked_photograph(bytes(content))
