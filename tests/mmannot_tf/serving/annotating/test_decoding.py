import io
import threading
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from mmannot_tf.data.images import decode_resized
from mmannot_tf.serving.annotating.decoding import decode_photographs
from mmannot_tf.serving.annotating.graph_decoder import GraphDecoder
from mmannot_tf.serving.inputs.photographs import PhotographFile, photographs
from tfrecords_tools.photographs.unreadable import UnreadableImageError

PIXELS = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)


def _encoded(kind, pixels=PIXELS, mode=None):
    written, image = io.BytesIO(), Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(written, kind)
    return written.getvalue()


@pytest.fixture(scope="module")
def decoder():
    return GraphDecoder(size=32, sampling="half_pixel", orientation="exif")


@pytest.mark.parametrize(("kind", "mode"), [("JPEG", None), ("PNG", None), ("JPEG", "L"), ("PNG", "RGBA")])
def test_pixels_are_those_of_the_training_pipeline(decoder, kind, mode):
    encoded = _encoded(kind, mode=mode)
    np.testing.assert_array_equal(
        decoder(encoded),
        decode_resized(tf.constant(encoded), size=32, sampling="half_pixel", orientation="exif"),
    )


@pytest.mark.parametrize(
    ("encoded", "message"),
    [
        (b"", "empty file"),
        (b"no image at all", "not JPEG, PNG, WebP, HEIC, TIFF, BMP or GIF"),
        (_encoded("JPEG")[:-400], "truncated or damaged"),
        (_encoded("JPEG")[:300], "truncated or damaged"),
        (_encoded("PNG")[:600], "truncated or damaged"),
        (_encoded("GIF")[:60], "."),
        (_encoded("WEBP")[:60], "."),
    ],
)
def test_what_cannot_be_read_says_why_in_one_line(decoder, encoded, message):
    with pytest.raises(UnreadableImageError, match=message) as caught:
        decoder(encoded)
    assert "\n" not in str(caught.value)


def test_a_header_that_promises_too_many_pixels_is_refused_before_they_are_made(decoder):
    """A PNG of 30,000 x 30,000 pixels in a hundred bytes."""
    header = bytearray(_encoded("PNG", np.zeros((1, 1, 3), np.uint8)))
    header[16:24] = (30_000).to_bytes(4, "big") * 2
    header[29:33] = zlib.crc32(header[12:29]).to_bytes(4, "big")
    with pytest.raises(UnreadableImageError, match="pixels"):
        decoder(bytes(header))


def test_readings_keep_the_order_and_read_no_further_ahead(photos):
    asked, lock = [], threading.Lock()

    def listed():
        for photograph in photographs([photos] * 5):
            with lock:
                asked.append(photograph)
            yield photograph

    taken = decode_photographs(listed(), lambda content: np.array(len(content)), prefetch=3)
    first = next(taken)
    assert len(asked) == 4
    rest = [decoded.photograph.relative for decoded in taken]
    assert [first.photograph.relative, *rest] == [
        photograph.relative for photograph in photographs([photos])
    ] * 5


def test_missing_files_and_folders_are_readings_with_an_error(tmp_path, decoder):
    missing = [PhotographFile(tmp_path / "none.jpg", "none.jpg"), PhotographFile(tmp_path, ".")]
    errors = [str(decoded.pixels) for decoded in decode_photographs(missing, decoder, prefetch=1)]
    assert errors == ["missing", "a folder, not a regular file"]
