"""What an antialiased resize gives and costs, compared with the paper's plain one.

    python benchmarks/resizing.py [--model EXPORT] [--smoke] [--json FILE]

The first answers are differences in grey levels per pixel at 224 pixels: between a sharp photograph of
4032 x 3024 pixels and its copy of 1024 x 768, and between a JPEG decoded at a fraction and the whole one. The
next are times from JPEG bytes to the network's pixels, and the last one compares such a time, without
TensorFlow, with that of libjpeg alone. With a model, one answer is the largest difference of its
probabilities between the photograph and the copy, with each resize.
"""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import numpy as np
import tensorflow as tf
import typer
from harness import Answer, JsonOption, SmokeOption, compare, report, single
from PIL import Image, ImageDraw

from mmannot_tf.data.images import Sampling, decode_resized, resize
from mmannot_tf.serving.annotating.annotator import open_annotator
from mmannot_tf.serving.annotating.graph_decoder import GraphDecoder
from mmannot_tf.serving.annotating.pillow_decoder import PillowDecoder
from tfrecords_tools.photographs.decoding import decode
from tfrecords_tools.photographs.encoded import MAX_PIXELS

SIZE = 224
PLAIN, GOOD = "half_pixel", "antialiased"


def main(
    model: Annotated[Path | None, typer.Option(help="An export, for its probabilities.")] = None,
    smoke: SmokeOption = False,
    json_file: JsonOption = None,
) -> None:
    """Prints the differences and the ratios."""
    shrink, pairs = (8, 1) if smoke else (1, 15)
    large = sharp_scene(4032 // shrink, 3024 // shrink)
    copy = large.resize((1024 // shrink, 768 // shrink), Image.Resampling.BOX)
    answers = [
        *([_difference_of_probabilities(model, jpeg(large), jpeg(copy))] if model else []),
        _difference_of_copies(jpeg(large), jpeg(copy)),
        _difference_of_fraction(jpeg(large)),
        *(_cost(width // shrink, height // shrink, pairs) for width, height in ((500, 375), (4000, 3000))),
        _cost_without_tensorflow(jpeg(large), pairs),
    ]
    report(answers, json_file)


def sharp_scene(width: int, height: int) -> Image.Image:
    """A coarse coloured picture with stripes of one to eight pixels, and small print."""
    draw = np.random.default_rng(0)
    coarse = Image.fromarray(draw.integers(0, 256, (6, 8, 3), np.uint8))
    image = coarse.resize((width, height), Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(image)
    for number, step in enumerate((1, 2, 4, 8)):
        top = height // 16 + number * height // 8
        for left in range(width // 16, width // 2, 2 * step):
            pen.rectangle((left, top, left + step - 1, top + height // 9), fill="white")
    for line in range(20):
        place = (width // 2, height // 16 + line * height // 24)
        pen.text(place, "fine print " * 30, fill="black", font_size=max(8, height // 60))
    return image


def jpeg(image: Image.Image) -> bytes:
    """The image as a JPEG of high quality."""
    written = io.BytesIO()
    image.save(written, "JPEG", quality=95)
    return written.getvalue()


def _pixels(encoded: bytes, sampling: Sampling) -> tf.Tensor:
    return decode_resized(tf.constant(encoded), size=SIZE, sampling=sampling, orientation="exif")


def _grey_levels(one: tf.Tensor, other: tf.Tensor) -> float:
    return float(tf.reduce_mean(tf.abs(one - other)))


def _difference_of_copies(large: bytes, copy: bytes) -> Answer:
    good, plain = (_grey_levels(_pixels(large, how), _pixels(copy, how)) for how in (GOOD, PLAIN))
    return single(
        "a large photograph and its copy, grey levels per pixel",
        (f"{GOOD}, grey levels", good),
        (f"{PLAIN}, grey levels", plain),
    )


def _difference_of_probabilities(model: Path, large: bytes, copy: bytes) -> Answer:
    annotator = open_annotator(model)
    differences = []
    for sampling in (GOOD, PLAIN):
        decode_bytes = GraphDecoder(size=annotator.model.image_size, sampling=sampling, orientation="exif")
        outputs = annotator.run(annotator.inputs([decode_bytes(large), decode_bytes(copy)], ["", ""]))
        typer.echo(f"{sampling}: labels {[outputs.selected_labels(row) for row in (0, 1)]}")
        differences.append(float(np.ptp(outputs.probabilities, axis=0).max()))
    return single(
        "a large photograph and its copy, largest difference of a probability",
        (GOOD, differences[0]),
        (PLAIN, differences[1]),
    )


def _difference_of_fraction(large: bytes) -> Answer:
    whole = resize(decode(tf.constant(large), orientation="exif"), SIZE, GOOD)
    good, plain = (_grey_levels(_pixels(large, how), whole) for how in (GOOD, PLAIN))
    return single(
        "a large JPEG, difference from the whole one antialiased",
        ("decoded at a fraction and antialiased, grey levels", good),
        (f"{PLAIN}, grey levels", plain),
    )


def _cost(width: int, height: int, pairs: int) -> Answer:
    encoded = jpeg(sharp_scene(width, height))
    return compare(
        f"a JPEG of {width} x {height} to {SIZE} pixels",
        (GOOD, _repeated(encoded, GOOD)),
        (PLAIN, _repeated(encoded, PLAIN)),
        pairs=pairs,
    )


def _cost_without_tensorflow(large: bytes, pairs: int) -> Answer:
    decoder = PillowDecoder(size=SIZE, sampling=GOOD, orientation="exif", max_pixels=MAX_PIXELS)

    def decode_at_a_quarter() -> None:
        with Image.open(io.BytesIO(large)) as image:
            image.draft("RGB", (image.width // 4, image.height // 4))
            image.load()

    return compare(
        f"a JPEG of 12 megapixels, without TensorFlow, to {SIZE} pixels",
        ("checked, decoded and resized", lambda: [decoder(large) for _ in range(10)]),
        ("libjpeg alone, at a quarter as ours", lambda: [decode_at_a_quarter() for _ in range(10)]),
        pairs=pairs,
        goal=("at most", 1.5),
    )


def _repeated(encoded: bytes, sampling: Sampling) -> Callable[[], object]:
    graph = tf.function(
        lambda image: decode_resized(image, size=SIZE, sampling=sampling, orientation="exif"),
        input_signature=[tf.TensorSpec([], tf.string)],
    )
    image = tf.constant(encoded)
    return lambda: [graph(image) for _ in range(10)]


if __name__ == "__main__":
    typer.run(main)
