import pytest
from PIL import Image

from tfrecords_tools.photographs.conversion import as_png, converted_to_png, small_picture
from tfrecords_tools.photographs.formats import format_of
from tfrecords_tools.photographs.unreadable import UnreadableImageError

BROKEN_TIFF = b"II*\0\x08\0\0\0" + bytes(22)


@pytest.mark.parametrize("read", ["convert", "small"])
def test_the_error_of_a_broken_file_is_the_same_each_time(read):
    source = format_of(BROKEN_TIFF)
    with pytest.raises(UnreadableImageError, match=r"^truncated or damaged TIFF$"):
        if read == "convert":
            converted_to_png(BROKEN_TIFF, source, max_pixels=100)
        else:
            small_picture(BROKEN_TIFF, 8)


@pytest.mark.parametrize("mode", ["I", "F"])
def test_pixels_without_a_defined_white_are_refused(mode):
    with pytest.raises(UnreadableImageError, match=f"8 or 16 bits, received Pillow's mode {mode}"):
        as_png(Image.new(mode, (4, 4), 70_000))
