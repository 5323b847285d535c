import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from mmannot_tf.data import images
from mmannot_tf.weights.provenance import CAFFE, CENTRED

PHOTO = np.random.default_rng(0).integers(0, 256, (37, 53, 3), np.uint8)


def _encoded(format: str, mode: str = "RGB", **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(PHOTO).convert(mode).save(buffer, format, **options)
    return buffer.getvalue()


def _decoded(encoded: bytes) -> tf.Tensor:
    return images.decode(tf.constant(encoded), orientation="ignored")


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_jpeg_decodes_to_pillows_pixels(mode):
    encoded = _encoded("JPEG", mode, quality=90, subsampling=0)
    expected = np.asarray(Image.open(io.BytesIO(encoded)).convert("RGB"))
    np.testing.assert_array_equal(_decoded(encoded), expected)


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA"])
def test_png_decodes_to_three_channels(mode):
    expected = np.asarray(Image.fromarray(PHOTO).convert(mode).convert("RGB"))
    np.testing.assert_array_equal(_decoded(_encoded("PNG", mode)), expected)


def test_cmyk_jpeg_decodes_to_three_channels():
    assert _decoded(_encoded("JPEG", "CMYK")).shape == (37, 53, 3)


def _bilinear(pixels: np.ndarray, size: int, half: float) -> np.ndarray:
    """Samples at ((i + half) * scale - half) in a loop: half-pixel centres, or TF 1's corners (half 0)."""
    height, width, _ = pixels.shape

    def taps(index: int, length: int) -> tuple[int, int, float]:
        place = (index + half) * length / size - half
        low = int(np.floor(place))
        return max(low, 0), min(low + 1, length - 1), place - low

    result = np.empty((size, size, 3))
    for row in range(size):
        top, bottom, down = taps(row, height)
        for column in range(size):
            left, right, across = taps(column, width)
            upper = pixels[top, left] * (1 - across) + pixels[top, right] * across
            lower = pixels[bottom, left] * (1 - across) + pixels[bottom, right] * across
            result[row, column] = upper * (1 - down) + lower * down
    return result


@pytest.mark.parametrize(("sampling", "half"), [("half_pixel", 0.5), ("tf1", 0.0)])
def test_resize_samples_where_the_key_says(sampling, half):
    expected = _bilinear(PHOTO.astype(float), 24, half)
    np.testing.assert_allclose(images.resize(tf.constant(PHOTO), 24, sampling), expected, atol=1e-3)


@pytest.mark.parametrize("size", [8, 24, 37, 64])
@pytest.mark.parametrize("dtype", [tf.uint8, tf.float32])
def test_antialiased_is_pillows_bilinear_of_each_channel_in_float(size, dtype):
    bands = [
        band.convert("F").resize((size, size), Image.BILINEAR) for band in Image.fromarray(PHOTO).split()
    ]
    expected = np.stack([np.asarray(band) for band in bands], axis=-1)
    made = images.resize(tf.cast(PHOTO, dtype), size, "antialiased")
    np.testing.assert_allclose(made, expected, atol=1e-3)


@pytest.mark.parametrize("sampling", ["antialiased", "half_pixel"])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_an_image_of_the_networks_size_stays_as_it_is(sampling, dtype):
    image = np.random.default_rng(0).integers(0, 256, (48, 48, 3)).astype(dtype)
    np.testing.assert_array_equal(images.resize(tf.constant(image), 48, sampling), image)


def test_antialiasing_gives_grey_for_fine_stripes_and_the_plain_resize_one_of_them():
    """Each output pixel covers five columns; the triangle's weights of every second one sum to 2.6 of 5."""
    stripes = tf.tile(tf.constant([[[255] * 3, [0] * 3]], tf.uint8), [80, 40, 1])
    antialiased, plain = (images.resize(stripes, 16, way).numpy() for way in ("antialiased", "half_pixel"))
    inner = antialiased[1:-1, 1:-1]
    np.testing.assert_allclose(np.abs(inner - 127.5), 255 * (2.6 / 5 - 0.5), atol=0.01)
    assert set(np.unique(plain)) == {0.0, 255.0}


@pytest.mark.parametrize("sampling", ["antialiased", "half_pixel", "tf1"])
def test_only_an_antialiased_resize_starts_from_a_fraction_of_a_large_jpeg(sampling):
    encoded = tf.constant(_encoded("JPEG"))
    whole = images.resize(_decoded(encoded.numpy()), 8, sampling)
    made = images.decode_resized(encoded, size=8, sampling=sampling, orientation="ignored")
    assert np.array_equal(made, whole) == (sampling != "antialiased")


FROZEN_TF1 = {
    # tf.image.resize_bilinear of TensorFlow 1.x, align_corners=False: source coordinate = target * in / out
    ((1, 2), (3, 4)): [[1, 1.5, 2, 2], [2, 2.5, 3, 3], [3, 3.5, 4, 4], [3, 3.5, 4, 4]],
    ((0, 10, 20), (30, 40, 50), (60, 70, 80)): [
        [0, 6, 12, 18, 20],
        [18, 24, 30, 36, 38],
        [36, 42, 48, 54, 56],
        [54, 60, 66, 72, 74],
        [60, 66, 72, 78, 80],
    ],
    ((0, 1, 2, 3), (4, 5, 6, 7), (8, 9, 10, 11), (12, 13, 14, 15)): [[0, 2], [8, 10]],
}
"""Small pictures and what TensorFlow 1 made of them, as numbers: the sampling must never drift."""


@pytest.mark.parametrize("pixels", FROZEN_TF1)
def test_tf1_sampling_gives_the_frozen_outputs_and_half_pixel_does_not(pixels):
    expected = np.array(FROZEN_TF1[pixels], np.float32)
    picture = tf.repeat(tf.constant(pixels, tf.float32)[..., tf.newaxis], 3, axis=-1)
    tf1, half_pixel = (images.resize(picture, len(expected), way)[..., 0] for way in ("tf1", "half_pixel"))
    np.testing.assert_allclose(tf1, expected, rtol=1e-6)
    assert np.abs(half_pixel - expected).max() > 0.2


def test_normalise_caffe_is_bgr_less_the_channel_means():
    rgb = np.array([[[10.0, 20.0, 30.0]]], np.float32)
    expected = [[[30.0 - 103.939, 20.0 - 116.779, 10.0 - 123.68]]]
    np.testing.assert_allclose(images.normalise(tf.constant(rgb), CAFFE), expected, rtol=1e-6)


def test_normalise_centred_spans_minus_one_to_one():
    rgb = np.array([[[0.0, 127.5, 255.0]]], np.float32)
    np.testing.assert_allclose(images.normalise(tf.constant(rgb), CENTRED), [[[-1.0, 0.0, 1.0]]], atol=1e-6)


@pytest.mark.parametrize("sampling", ["antialiased", "half_pixel"])
def test_network_input_is_the_same_eagerly_and_in_a_dataset(sampling):
    encoded = _encoded("JPEG")

    def made(jpeg):
        pixels = images.decode_resized(jpeg, size=32, sampling=sampling, orientation="exif")
        return images.normalise(pixels, CAFFE)

    (in_dataset,) = tf.data.Dataset.from_tensors(tf.constant(encoded)).map(made)
    np.testing.assert_array_equal(in_dataset, made(tf.constant(encoded)))
