"""Random windows and their pixels, compared with Pillow's pixels cropped by NumPy."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from mmannot_tf.config.settings import DataSettings
from mmannot_tf.data import images
from mmannot_tf.data.cropping import decode_window, random_window
from mmannot_tf.data.image_batches import ImageBatches
from mmannot_tf.weights.provenance import CENTRED

NOISE = np.random.default_rng(0).integers(0, 256, (61, 93, 3), np.uint8)
SEEDS = [(7, number) for number in range(60)]
LEAST_AREA = 0.08


def _encoded(format: str = "JPEG", mode: str = "RGB", **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(NOISE).convert(mode).save(buffer, format, **options)
    return buffer.getvalue()


def _window(whole, seed):
    return random_window(tf.constant(whole.shape), tf.constant(seed), LEAST_AREA).numpy()


def _windows(shape, seeds, least_area=LEAST_AREA):
    return np.array([random_window(tf.constant(shape), tf.constant(seed), least_area) for seed in seeds])


def test_windows_lie_within_the_image_at_the_stated_areas_and_aspects():
    height, width = 400, 600
    windows = _windows([height, width, 3], [(1, number) for number in range(400)])
    top, left, tall, wide = windows.T
    assert (windows >= 0).all()
    assert (top + tall <= height).all()
    assert (left + wide <= width).all()
    area, aspect = tall * wide / (height * width), wide / tall
    assert 0.079 < area.min() < 0.12
    assert 0.8 < area.max() <= 1.0
    assert 0.74 < aspect.min() < 0.8
    assert 1.25 < aspect.max() < 1.35
    assert len(np.unique(windows, axis=0)) > 390


@pytest.mark.parametrize("least_area", [0.25, 0.7])
def test_a_least_area_bounds_the_windows(least_area):
    windows = _windows([400, 600, 3], [(1, number) for number in range(400)], least_area)
    area = windows[:, 2] * windows[:, 3] / (400 * 600)
    assert least_area - 0.01 < area.min() < least_area + 0.1
    assert area.max() > 0.8


def test_a_window_is_a_pure_function_of_shape_and_seed():
    windows, again = (_windows([50, 70, 3], SEEDS) for _ in range(2))
    np.testing.assert_array_equal(windows, again)
    in_graph = [row for row in tf.data.Dataset.from_tensor_slices(SEEDS).map(_window_of_fifty)]
    np.testing.assert_array_equal(windows, in_graph)


def _window_of_fifty(seed):
    return random_window(tf.constant([50, 70, 3]), seed, LEAST_AREA)


def test_an_image_too_long_for_any_crop_is_taken_whole():
    """3 by 3,000 pixels: 8 % of the area at an aspect of at most 4/3 would be higher than the image."""
    np.testing.assert_array_equal(_windows([3, 3000, 3], SEEDS[:3]), [[0, 0, 3, 3000]] * 3)


def _pairs(encoded):
    """(the crop, the same window of Pillow's pixels) of every seed."""
    whole = np.asarray(Image.open(io.BytesIO(encoded)).convert("RGB"))
    for seed in SEEDS:
        top, left, height, width = _window(whole, seed)
        crop = decode_window(tf.constant(encoded), tf.constant(seed), LEAST_AREA).numpy()
        yield crop, whole[top : top + height, left : left + width]


@pytest.mark.slow
@pytest.mark.parametrize(
    "encoded",
    [
        _encoded(subsampling=0, quality=90),
        _encoded(subsampling=0, progressive=True),
        _encoded(mode="L"),
        _encoded("PNG"),
        _encoded("PNG", "L"),
    ],
    ids=["whole colours", "progressive", "grey", "png", "grey png"],
)
def test_a_crop_is_the_whole_image_decoded_and_cut(encoded):
    for crop, expected in _pairs(encoded):
        np.testing.assert_array_equal(crop, expected)


@pytest.mark.parametrize("subsampling", ["4:2:2", "4:2:0"])
def test_with_half_the_colours_only_the_first_and_last_column_may_differ(subsampling):
    differing = 0
    for crop, expected in _pairs(_encoded(subsampling=subsampling, quality=90)):
        np.testing.assert_array_equal(crop[:, 1:-1], expected[:, 1:-1])
        differing += not np.array_equal(crop, expected)
    assert differing, "libjpeg-turbo no longer differs: the docstring says that it does"


def test_a_cmyk_jpeg_is_cropped_like_its_decoding():
    encoded = tf.constant(_encoded(mode="CMYK", subsampling=0))
    whole = images.decode(encoded, orientation="ignored").numpy()
    for seed in SEEDS[:20]:
        top, left, height, width = _window(whole, seed)
        crop = decode_window(encoded, tf.constant(seed), LEAST_AREA)
        np.testing.assert_array_equal(crop, whole[top : top + height, left : left + width])


def _images(records, augmentation):
    settings = DataSettings(image_size=32, augmentation=augmentation)
    return ImageBatches(records, settings, CENTRED, batch_size=16, shuffle_buffer=32)


def _pixels(batches):
    return np.concatenate([pixels.numpy() for pixels, _ in batches])


@pytest.mark.exhaustive
def test_cropped_epochs_repeat_themselves_and_differ_from_each_other(tiny_records):
    cropping = _images(tiny_records, "crop")
    first = _pixels(cropping.epoch(seed=5, epoch=0))
    np.testing.assert_array_equal(first, _pixels(cropping.epoch(seed=5, epoch=0)))
    np.testing.assert_array_equal(first[2 * 16 :], _pixels(cropping.epoch(seed=5, epoch=0, skip=2)))
    plain = _pixels(_images(tiny_records, "none").epoch(seed=5, epoch=0))
    assert np.mean([np.array_equal(*pair) for pair in zip(first, plain, strict=True)]) < 0.1


@pytest.mark.slow
def test_each_image_is_its_own_window_resized(tiny_records):
    """Compares each image with Pillow's pixels of the same id, cropped by NumPy."""
    from mmannot_tf.data.image_batches import seed_of_epoch, seed_of_example
    from tfrecords_tools.reading.records import read

    cropping, encoded = _images(tiny_records, "crop"), {}
    for example in read(tiny_records, "train").as_numpy_iterator():
        encoded[example["id"].decode()] = example["image"]
    (have, _) = next(iter(cropping.epoch(seed=5, epoch=2)))
    for place, name in enumerate(cropping.ids(seed=5, epoch=2, step=0)):
        whole = np.asarray(Image.open(io.BytesIO(encoded[name])).convert("RGB"))
        seed = seed_of_example(seed_of_epoch(5, 2), tf.constant(place, tf.int64))
        top, left, height, width = _window(whole, seed)
        cut = images.resize(whole[top : top + height, left : left + width], 32, "antialiased")
        np.testing.assert_allclose(have[place], images.normalise(cut, CENTRED), atol=2.0)
        assert np.abs(have[place] - images.normalise(cut, CENTRED)).mean() < 0.02


@pytest.mark.slow
def test_crop_flip_mirrors_some_of_the_crops(tiny_records):
    crops = _pixels(_images(tiny_records, "crop").epoch(seed=5, epoch=0))
    both = _pixels(_images(tiny_records, "crop-flip").epoch(seed=5, epoch=0))
    mirrored = [np.array_equal(image, crop[:, ::-1]) for image, crop in zip(both, crops, strict=True)]
    same = [np.array_equal(image, crop) for image, crop in zip(both, crops, strict=True)]
    assert all(np.logical_or(mirrored, same))
    assert 0.2 < np.mean(mirrored) < 0.8


@pytest.mark.slow
@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_what_is_predicted_and_validated_on_is_never_cropped(tiny_records, split):
    np.testing.assert_array_equal(
        _pixels(_images(tiny_records, "crop-flip").split(split)),
        _pixels(_images(tiny_records, "none").split(split)),
    )
