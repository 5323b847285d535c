"""benchmarks/efficientnet_lite.py on a made state dict: its maps are those of plain TensorFlow operations."""

import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

CHANNELS = (4, 5, 6, 7, 8, 9, 10)
"""Of the seven stages, one block each; the second one has two."""
WIDTHS = (CHANNELS[0], CHANNELS[1], *CHANNELS[1:])
HEAD, STEM, SIZE = 12, 3, 32


@pytest.fixture(scope="module")
def program():
    folder = str(Path(__file__).resolve().parents[2] / "benchmarks")
    sys.path.insert(0, folder)
    try:
        import efficientnet_lite

        yield efficientnet_lite
    finally:
        sys.path.remove(folder)


@pytest.fixture(scope="module")
def tensors():
    draw, made = np.random.default_rng(0), {}

    def conv(name, out, into, kernel=1):
        made[f"{name}.weight"] = draw.normal(0, 0.5, (out, into, kernel, kernel)).astype(np.float32)

    def norm(name, width):
        for part in ("weight", "bias", "running_mean", "running_var"):
            made[f"{name}.{part}"] = draw.uniform(0.5, 1.5, width).astype(np.float32)

    conv("_conv_stem", STEM, 3, 3)
    norm("_bn0", STEM)
    into = STEM
    for number, width in enumerate(WIDTHS):
        wide = into if number == 0 else 2 * into
        if number:
            conv(f"_blocks.{number}._expand_conv", wide, into)
            norm(f"_blocks.{number}._bn0", wide)
        conv(f"_blocks.{number}._depthwise_conv", wide, 1, 5 if number == 3 else 3)
        norm(f"_blocks.{number}._bn1", wide)
        conv(f"_blocks.{number}._project_conv", width, wide)
        norm(f"_blocks.{number}._bn2", width)
        into = width
    conv("_conv_head", HEAD, into)
    norm("_bn1", HEAD)
    return made


def test_its_maps_are_those_of_plain_operations(program, tensors):
    network, taps = program.build(tensors, SIZE)
    assert taps == [f"block{number}_depthwise/input" for number in (1, 3, 4, 6)] + ["head_relu"]
    image = np.random.default_rng(1).normal(0, 1, (2, SIZE, SIZE, 3)).astype(np.float32)
    expected = _by_hand(tensors, image)
    names = [f"block{number}_expand_relu" for number in (1, 3, 4, 6)]
    maps = keras.Model(network.input, [*(network.get_layer(name).output for name in names), network.output])
    for ours, theirs in zip(maps(image), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)


def _by_hand(tensors, x):
    """The maps before each stride, and the last one."""

    def norm(x, name):
        gamma, beta, mean, variance = (
            tensors[f"{name}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")
        )
        return (x - mean) / np.sqrt(variance + 1e-3) * gamma + beta

    def conv(x, name, strides=1):
        return tf.nn.conv2d(x, tensors[f"{name}.weight"].transpose(2, 3, 1, 0), strides, "SAME")

    maps = []
    x = tf.nn.relu6(norm(conv(x, "_conv_stem", 2), "_bn0"))
    for number in range(len(WIDTHS)):
        name, start = f"_blocks.{number}", x
        if number:
            x = tf.nn.relu6(norm(conv(x, f"{name}._expand_conv"), f"{name}._bn0"))
        strides = 2 if number in (1, 3, 4, 6) else 1
        if strides == 2:
            maps.append(x)
        kernel = tensors[f"{name}._depthwise_conv.weight"].transpose(2, 3, 0, 1)
        x = tf.nn.depthwise_conv2d(x, kernel, [1, strides, strides, 1], "SAME")
        x = tf.nn.relu6(norm(x, f"{name}._bn1"))
        x = norm(conv(x, f"{name}._project_conv"), f"{name}._bn2")
        x = start + x if number == 2 else x
    return [*maps, tf.nn.relu6(norm(conv(x, "_conv_head"), "_bn1"))]
