"""The annotator compared with a ResNet-101: the cost of scales, fusion, tags and quantity in a forward pass.

    python benchmarks/annotator.py [--smoke] [--json FILE]

Random weights at the paper's sizes (224 pixels, 81 labels, 1,000 tags), batches of eight. The annotator
computes labels from images and lists of tags; the reference computes the pooled features of
`keras.applications.ResNet101` from the same images, in the same engine. From JPEG bytes, the reference does
the same work in two calls: decoding and resizing, then the network. Needs the extra `engines`.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import openvino as ov
import tensorflow as tf
import typer
from fresh_run import TAGS, random_run
from harness import Answer, JsonOption, SmokeOption, compare, report
from photographs import photograph

from mmannot_tf.data.images import decode_resized
from mmannot_tf.data.tag_lists import padded
from mmannot_tf.serving.engines.openvino import OpenVinoEngine
from mmannot_tf.serving.exporting.annotator_module import AnnotatorModule
from mmannot_tf.serving.formats import openvino
from mmannot_tf.serving.network import NetworkInputs

BATCH = 8
TAGS_AN_IMAGE = 6


def main(smoke: SmokeOption = False, json_file: JsonOption = None) -> None:
    """Prints the ratios."""
    size, pairs, small = (32, 1, ["tiny", "data.image_size=32"]) if smoke else (224, 7, ["resnet101"])
    with tempfile.TemporaryDirectory() as scratch:
        module = AnnotatorModule(random_run(Path(scratch) / "run", *small), Path(scratch))
        openvino.write(module, Path(scratch))
        inputs = made_inputs(size)
        answers = [
            _by_tensorflow(module, inputs, pairs),
            _by_openvino(OpenVinoEngine(Path(scratch)), inputs, pairs),
            _from_bytes(module, inputs, pairs),
        ]
    report(answers, json_file)


def made_inputs(size: int) -> NetworkInputs:
    """Random images and tags, for engines that are timed."""
    draw = np.random.default_rng(0)
    images = draw.uniform(0, 255, (BATCH, size, size, 3)).astype(np.float32)
    lists = padded(draw.choice(TAGS, TAGS_AN_IMAGE, replace=False) for _ in range(BATCH))
    return NetworkInputs(images, lists)


def _bare(size: int) -> keras.Model:
    """Keras' ResNet-101, up to its pooled features."""
    return keras.applications.ResNet101(
        weights=None, include_top=False, pooling="avg", input_shape=(size, size, 3)
    )


def _by_tensorflow(module: AnnotatorModule, inputs: NetworkInputs, pairs: int) -> Answer:
    bare = _bare(inputs.image.shape[1])
    forward = tf.function(lambda images: bare(images, training=False))
    images, lists = tf.constant(inputs.image), tf.constant(inputs.tag_lists)
    return compare(
        "annotator, images and tags to labels, by TensorFlow",
        ("annotator", lambda: module.network(images, lists)["order"].numpy()),
        ("keras ResNet-101 forward", lambda: forward(images).numpy()),
        pairs=pairs,
        goal=("at most", 1.30),
    )


def _by_openvino(engine: OpenVinoEngine, inputs: NetworkInputs, pairs: int) -> Answer:
    return compare(
        "annotator, images and tags to labels, by OpenVINO",
        ("annotator", lambda: engine(inputs)),
        ("keras ResNet-101 forward", _openvino_forward(inputs)),
        pairs=pairs,
        goal=("at most", 1.35),
    )


def _openvino_forward(inputs: NetworkInputs) -> Callable[[], object]:
    bare = _bare(inputs.image.shape[1])
    with tempfile.TemporaryDirectory() as folder:
        bare.export(folder, verbose=False)
        converted = ov.Core().read_model(folder)
        compiled = ov.Core().compile_model(
            converted, "CPU", {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
        )
    return lambda: compiled(inputs.image)[0]


def _from_bytes(module: AnnotatorModule, inputs: NetworkInputs, pairs: int) -> Answer:
    size = inputs.image.shape[1]
    images = tf.constant([photograph(number) for number in range(BATCH)])
    tags = tf.constant([", ".join(f"tag{7 * image + tag}" for tag in range(6)) for image in range(BATCH)])
    lists = tf.constant(inputs.tag_lists)

    @tf.function
    def decoded(encoded: tf.Tensor) -> tf.Tensor:
        spec = tf.TensorSpec([size, size, 3], tf.float32)
        reading = {"size": size, "sampling": "antialiased", "orientation": "exif"}
        return tf.map_fn(lambda image: decode_resized(image, **reading), encoded, fn_output_signature=spec)

    return compare(
        "annotator from JPEG bytes and text",
        ("one signature", lambda: module.annotate(images, tags)["annotations"].numpy()),
        (
            "decoding, then the network",
            lambda: module.network(decoded(images), lists)["order"].numpy(),
        ),
        pairs=pairs,
        goal=("at most", 1.05),
    )


if __name__ == "__main__":
    typer.run(main)
