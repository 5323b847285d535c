"""Without TensorFlow, photographs get the pixels and the errors that the graph gives them."""

import io

import numpy as np
import pytest
from mutated_images import mutated_images, pictures
from PIL import Image

from mmannot_tf.serving.annotating.pillow_decoder import PillowDecoder
from tfrecords_tools.photographs.unreadable import UnreadableImageError

GREY_LEVELS = 0.01
"""How much a pixel of 0 to 255 may differ: the resizes add floats in another order."""
SAMPLINGS = ("antialiased", "half_pixel", "tf1")


def _decoder(sampling="antialiased", orientation="exif", size=16, **options):
    return PillowDecoder(size=size, sampling=sampling, orientation=orientation, **options)


def _read(decoder, content):
    try:
        return decoder(content)
    except UnreadableImageError as error:
        return str(error)


def _assert_alike(decoder, content, name):
    ours, graph = _read(decoder, content), _read(decoder.graph(), content)
    if isinstance(ours, str) or isinstance(graph, str):
        assert isinstance(ours, str), name
        assert isinstance(graph, str), name
        assert ours == graph, name
    else:
        np.testing.assert_allclose(ours, graph, rtol=0, atol=GREY_LEVELS, err_msg=name)


def _photograph(width, height, image_format="JPEG", **options):
    generator = np.random.default_rng(width)
    coarse = Image.fromarray(generator.integers(0, 256, (8, 11, 3), np.uint8)).resize((width, height))
    noise = generator.integers(-20, 21, (height, width, 3))
    pixels = np.clip(np.asarray(coarse).astype(int) + noise, 0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, image_format, **options)
    return file.getvalue()


@pytest.mark.parametrize("orientation", ["exif", "ignored"])
@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_images_of_every_kind_have_the_pixels_of_the_graph(sampling, orientation):
    decoder = _decoder(sampling, orientation)
    for name, content in pictures():
        _assert_alike(decoder, content, name)


def test_damaged_images_have_the_pixels_or_the_error_of_the_graph():
    decoder = _decoder()
    for name, content in mutated_images(300, seed=9):
        _assert_alike(decoder, content, name)


@pytest.mark.exhaustive
def test_of_many_damaged_images_hardly_one_is_decoded_that_the_graph_refuses():
    """A broken Huffman table may use up the file before the last row, which Pillow does not tell."""
    decoder, otherwise = _decoder(), []
    for name, content in mutated_images(12_000, seed=9):
        if isinstance(_read(decoder.graph(), content), str) and not isinstance(_read(decoder, content), str):
            otherwise.append(name)
        else:
            _assert_alike(decoder, content, name)
    assert len(otherwise) <= 2, otherwise


@pytest.mark.parametrize("size", [30, 64, 100, 224])
@pytest.mark.parametrize(("width", "height"), [(1009, 757), (500, 333), (64, 64), (900, 61)])
@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_photographs_of_any_size_have_the_pixels_of_the_graph(sampling, width, height, size):
    """A JPEG that is large enough is decoded at the same fraction."""
    _assert_alike(_decoder(sampling, size=size), _photograph(width, height), f"{width} x {height}")


def test_usual_photographs_need_no_graph():
    """Otherwise the graph would be compared with itself."""
    decoder = _decoder()
    decoder.graph = None
    for content in (
        _photograph(300, 200),
        _photograph(300, 200, progressive=True),
        _photograph(300, 200, "PNG"),
        _photograph(300, 200, "WEBP"),
        _photograph(300, 200, "TIFF"),
    ):
        assert decoder(content).shape == (16, 16, 3)
        if content[:4] in (b"\x89PNG", b"\xff\xd8\xff\xe0"):
            assert decoder.count_pixels(content) == 60_000
    decoder.resize(np.zeros((9, 7, 3), np.uint8))


@pytest.mark.parametrize("cut", [1, 12, 400])
@pytest.mark.parametrize("image_format", ["JPEG", "PNG"])
def test_what_is_cut_short_is_refused(image_format, cut):
    with pytest.raises(UnreadableImageError, match="truncated or damaged"):
        _decoder()(_photograph(300, 200, image_format)[:-cut])


def test_pixels_and_scans_are_limited():
    content = _photograph(300, 200)
    decoder = _decoder(max_pixels=59_999)
    for ask in (decoder, decoder.count_pixels, decoder.graph().count_pixels):
        with pytest.raises(UnreadableImageError, match="300 x 200 pixels, more than 59,999"):
            ask(content)
    many = content[:-2] + b"\xff\xda" * 70_000 + content[-2:]
    for ask in (_decoder(), _decoder().graph()):
        with pytest.raises(UnreadableImageError, match="70001 scans"):
            ask(many)


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_ready_pixels_are_resized_as_the_graph_does(sampling):
    pixels = np.random.default_rng(0).integers(0, 256, (41, 67, 3), np.uint8)
    decoder = _decoder(sampling)
    np.testing.assert_allclose(decoder.resize(pixels), decoder.graph().resize(pixels), atol=GREY_LEVELS)
