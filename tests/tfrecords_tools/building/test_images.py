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
