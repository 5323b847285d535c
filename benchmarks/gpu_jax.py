"""The network on a GPU under Keras' JAX backend, for machines on which TensorFlow sees no GPU.

    python benchmarks/gpu_jax.py [--smoke]

Prints a table in Markdown: images/s of forward passes and of training steps of the backbone with its fusion
blocks, beside a bare ResNet-101. That is no training by mmannot, which needs TensorFlow. Exits with status 1
if JAX sees no GPU; --smoke takes the CPU at tiny sizes.
"""

import os

os.environ["KERAS_BACKEND"] = "jax"

import datetime
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version

import jax
import keras
import numpy as np
import typer
from harness import SmokeOption

from mmannot_tf.models.backbone import build_backbone, map_shapes
from mmannot_tf.models.classifier import build_classifier
from mmannot_tf.models.fusion import build_fusion
from mmannot_tf.report.markdown import markdown_table

LABELS = 81
REPEATS = 5


def main(smoke: SmokeOption = False) -> None:
    """Prints the table."""
    devices = jax.devices()
    if devices[0].platform != "gpu" and not smoke:
        raise SystemExit("JAX sees no GPU.")
    name, size, batches = ("tiny", 32, (2,)) if smoke else ("resnet101", 224, (32, 128))
    rows = []
    for kind, build in (("the network", _network), ("bare ResNet-101", _bare)):
        if smoke and kind != "the network":
            continue
        model = build(name, size)
        model.compile(
            keras.optimizers.SGD(1e-9, momentum=0.9), keras.losses.BinaryCrossentropy(from_logits=True)
        )
        for batch in batches:
            images = np.random.default_rng(0).normal(size=(batch, size, size, 3)).astype(np.float32)
            targets = np.zeros((batch, LABELS), np.float32)
            forward = batch / _seconds(lambda m=model, i=images: m.predict_on_batch(i))
            step = batch / _seconds(lambda m=model, i=images, t=targets: m.train_on_batch(i, t))
            rows.append([kind, str(batch), f"{forward:,.0f}", f"{step:,.0f}"])
    typer.echo(
        f"Under Keras' JAX backend, for TensorFlow saw no GPU; {datetime.date.today().isoformat()}, on "
        f"{len(devices)} {devices[0].device_kind}; JAX {jax.__version__}, Keras {version('keras')}. Arrays "
        "travel to the GPU in each call. What needs TensorFlow, such as training by stages, was not "
        "measured.\n\n" + markdown_table(["network", "batch", "forward, images/s", "step, images/s"], rows)
    )


def _network(name: str, size: int) -> keras.Model:
    """The backbone with the fusion blocks and a classifier."""
    backbone = build_backbone(name, image_size=size, momentum=0.9, epsilon=1e-3)
    fusion = build_fusion(map_shapes(backbone), momentum=0.9, epsilon=1e-3)
    classifier = build_classifier(fusion.output_shape[-1], LABELS, name="classifier")
    return keras.Model(backbone.inputs, classifier(fusion(backbone.outputs)))


def _bare(_: str, size: int) -> keras.Model:
    return keras.applications.ResNet101(
        weights=None, input_shape=(size, size, 3), classes=LABELS, classifier_activation=None
    )


def _seconds(call: Callable[[], object]) -> float:
    """The median of a few calls after one that compiles."""
    call()
    seconds = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds)


if __name__ == "__main__":
    typer.run(main)
