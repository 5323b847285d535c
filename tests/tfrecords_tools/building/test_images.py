from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from tfrecords_tools.building.images import FORMATS, UnreadableImageError, checked_bytes


def encoded(kind: str, mode: str = "RGB") -> bytes:
    file = BytesIO()
    Image.linear_gradient("L").convert(mode).save(file, format=kind)
    return file.getvalue()


@pytest.mark.parametrize("kind", FORMATS)
def test_what_tensorflow_reads_passes_unchanged(kind: str, tmp_path: Path):
    content = encoded(kind)
    (tmp_path / "image").write_bytes(content)
    assert checked_bytes(content) == content
    assert checked_bytes(tmp_path / "image") == content


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_grey_and_cmyk_jpegs_pass(mode: str):
    assert checked_bytes(encoded("JPEG", mode)) == encoded("JPEG", mode)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty file"),
        (b"<html>gone</html>", "no image"),
        (encoded("JPEG")[:-200], "truncated"),
        (encoded("PNG")[:-60], "truncated|broken|incomplete|decod"),
        (encoded("TIFF"), "format TIFF: TensorFlow reads JPEG, PNG, GIF, BMP"),
    ],
)
def test_what_cannot_be_used_says_why(content: bytes, reason: str):
    with pytest.raises(UnreadableImageError, match=reason):
        checked_bytes(content)


def test_a_missing_file_and_a_folder_are_unreadable(tmp_path: Path):
    with pytest.raises(UnreadableImageError, match="missing"):
        checked_bytes(tmp_path / "gone.jpg")
    with pytest.raises(UnreadableImageError, match="directory"):
        checked_bytes(tmp_path)


def test_a_broken_png_chunk_is_unreadable():
    content = bytearray(encoded("PNG"))
    content[len(content) // 2] ^= 0xFF
    with pytest.raises(UnreadableImageError):
        checked_bytes(bytes(content))
