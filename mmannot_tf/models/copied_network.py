"""Copies a Keras network onto another input, with taps and batch-norm layers as a backbone needs them."""

import inspect
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras

from mmannot_tf.layers.batch_norm import BatchNorm
from mmannot_tf.models.networks import INPUT, KERAS_FILE, OUTPUT, Network
from tfrecords_tools.shell.errors import UserError, one_line

_WORDS = (re.compile(r"(.)([A-Z][a-z]+)"), re.compile(r"([a-z])([A-Z])"))
"""Where Keras puts an underscore when it makes a name of a class."""


def build_application(network: Network, image_size: int, *, weights: str | None = None) -> keras.Model:
    """A network of keras.applications without its head, and without layers that preprocess where it can.

    Args:
        network: from `NETWORKS`.
        image_size: S, side of its square input in pixels.
        weights: "imagenet", which downloads them; None for random ones.
    """
    function = getattr(keras.applications, network.function)
    accepted = inspect.signature(function).parameters
    options = {"include_preprocessing": False} if "include_preprocessing" in accepted else {}
    shape = (image_size, image_size, 3)
    return function(weights=weights, include_top=False, input_shape=shape, **options)


def load_network(path: Path) -> keras.Model:
    """Reads the network of a file. It runs no code of the file: Keras refuses to load lambdas.

    Args:
        path: FILE.keras.

    Raises:
        UserError: the file is missing, no Keras model, or holds what Keras does not know.
    """
    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise UserError(
            f"model.backbone must be a Keras model in the format {KERAS_FILE}. Received: {path} "
            f"({one_line(error)})."
        ) from None


def scale_names(taps: Sequence[str]) -> tuple[str, ...]:
    """The names of a copy's layers whose outputs are its maps: "scale1" to "scaleL"."""
    return tuple(f"scale{number}" for number in range(1, len(taps) + 1))


def copy_network(
    network: keras.Model, image: keras.KerasTensor, norm: BatchNorm, *, taps: Sequence[str]
) -> keras.KerasTensor:
    """Copies the layers of a functional network, with fresh weights, and marks its maps by `scale_names`.

    The copy's batch-norm layers are as `norm` says; they keep their epsilon where it has none. Names are
    those of `stable_names`.

    Args:
        network: a functional model with one input.
        image: the copy's input, `[B, S, S, 3] float32`.
        norm: how to make batch-norm layers.
        taps: as `networks.Network.taps`, by the names that the network has itself.

    Returns:
        The last map.

    Raises:
        ValueError: the network is no functional model, or has no layer of a tap's name.
    """
    known = {layer.name for layer in network.layers}
    unknown = [tap for tap in taps if tap != OUTPUT and tap.removesuffix(INPUT) not in known]
    if unknown:
        raise ValueError(f"taps must be names of the network's layers. Received: {', '.join(unknown)}")
    marks = dict(zip(taps, scale_names(taps), strict=True))
    stable = stable_names(network)
    originals: dict[int, str] = {}

    def copy(operation: keras.Operation) -> keras.Operation:
        config = operation.get_config()
        if isinstance(operation, keras.layers.BatchNormalization):
            config = norm.configured(config)
        if operation.name in stable:
            config["name"] = stable[operation.name]
        copied = type(operation).from_config(config)
        originals[id(copied)] = operation.name
        return copied

    def call(copied: keras.Operation, *args: Any, **kwargs: Any) -> Any:
        name = originals[id(copied)]
        if name + INPUT in marks:
            args = (_marked(args[0], marks[name + INPUT]), *args[1:])
        output = copied(*args, **kwargs)
        return _marked(output, marks[name]) if name in marks else output

    copied = keras.models.clone_model(network, input_tensors=image, clone_function=copy, call_function=call)
    output = copied.outputs[0]
    if OUTPUT in marks:
        output = _marked(output, marks[OUTPUT])
    return output


def copy_weights(network: keras.Model, backbone: keras.Model) -> None:
    """Gives a backbone, made of a copy's layers up to its last map, the weights of the network."""
    originals = {stable: original for original, stable in stable_names(network).items()}
    for layer in backbone.layers:
        if layer.weights:
            layer.set_weights(network.get_layer(originals[layer.name]).get_weights())


def stable_names(network: keras.Model) -> Mapping[str, str]:
    """The network's names of its layers, to names that do not depend on what the process has built before.

    Keras names a layer by counting where its author gave none: such layers are counted anew.
    """
    counts: Counter[str] = Counter()
    names = {}
    for layer in network.layers:
        kind = _snake_case(type(layer).__name__)
        names[layer.name] = layer.name
        if re.fullmatch(rf"{kind}(_\d+)?", layer.name):
            counts[kind] += 1
            names[layer.name] = f"{kind}_{counts[kind]}"
    return names


def _marked(tensor: keras.KerasTensor, name: str) -> keras.KerasTensor:
    return keras.layers.Identity(name=name)(tensor)


def _snake_case(name: str) -> str:
    for pattern in _WORDS:
        name = pattern.sub(r"\1_\2", name)
    return name.lower()
