"""Copies a Keras network onto another input, with taps and batch-norm layers as a backbone needs them."""

import inspect
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras

from mmannot_tf.layers.batch_norm import BatchNorm
from mmannot_tf.models.networks import HUB, INPUT, KERAS_FILE, OUTPUT, Network
from tfrecords_tools.shell.errors import UserError, one_line
from tfrecords_tools.shell.extras import install_command

TOKENS = 3
"""The axes of what a Vision Transformer returns: its tokens, the class token among them."""
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


def load_network(name: str, *, weights: bool = True) -> keras.Model:
    """Reads the network of a file, or of a preset of KerasHub, which may be downloaded.

    It runs no code of the file: Keras refuses to load lambdas.

    Args:
        name: FILE.keras or hub:NAME; NAME is what KerasHub's `from_preset` takes, also a folder.
        weights: False for random weights of a preset, which are not downloaded.

    Raises:
        UserError: it is missing, no Keras model, or holds what Keras does not know; or KerasHub is not there.
    """
    try:
        if not name.startswith(HUB):
            network = keras.saving.load_model(Path(name), compile=False, safe_mode=True)
            is_sequential = isinstance(network, keras.Sequential)
            return keras.Model(network.inputs[0], network.outputs[0]) if is_sequential else network

        import keras_hub

        return keras_hub.models.Backbone.from_preset(name.removeprefix(HUB), load_weights=weights)
    except ModuleNotFoundError as error:
        raise UserError(
            f"model.backbone = {name} needs KerasHub. Received: {error}. Run `{install_command('hub')}`."
        ) from None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise UserError(
            f"model.backbone must be a Keras model in the format {KERAS_FILE}, or a preset of KerasHub. "
            f"Received: {name} ({one_line(error)})."
        ) from None


def pyramid_taps(network: keras.Model) -> tuple[str, ...]:
    """The taps of a network of KerasHub: the maps of its feature pyramid, or its output where it has none."""
    pyramid = getattr(network, "pyramid_outputs", {})
    names = {id(layer.output): layer.name for layer in network.layers}
    return tuple(names[id(pyramid[level])] for level in sorted(pyramid)) or (OUTPUT,)


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
        What the network returns; a model of the marked maps leaves out what stands behind the last one.

    Raises:
        ValueError: the network is no functional model, has no layer of a tap's name, or has layers for images
            of another size.
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
        if operation.name in stable:  # a layer; sums and other operations have no weights
            config |= {"name": stable[operation.name], "dtype": keras.config.dtype_policy().name}
        copied = _made_again(operation, config)
        if copied is operation and tuple(image.shape[1:3]) != tuple(network.input_shape[1:3]):
            raise ValueError(f"{operation.name} takes images of {network.input_shape[1:3]} pixels alone")
        originals[id(copied)] = operation.name
        return copied

    def call(copied: keras.Operation, *args: Any, **kwargs: Any) -> Any:
        name = originals[id(copied)]
        if name + INPUT in marks:
            args = (_marked(args[0], marks[name + INPUT]), *args[1:])
        output = copied(*args, **kwargs)
        return _marked(output, marks[name]) if name in marks else output

    if len(network.inputs) != 1:
        raise ValueError(f"a backbone must have one input. Received: {len(network.inputs)}")
    inputs = keras.tree.map_structure(lambda _: image, network.input)
    copied = keras.models.clone_model(network, input_tensors=inputs, clone_function=copy, call_function=call)
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


def _made_again(operation: keras.Operation, config: dict[str, Any]) -> keras.Operation:
    """A copy by its config; the layer itself where that does not make it, as with KerasHub's ViT."""
    try:
        return type(operation).from_config(config)
    except (TypeError, ValueError):
        return operation


def _marked(tensor: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """The tensor as the output of a layer of this name; tokens, `[B, N, D]`, as a map of one column."""
    if len(tensor.shape) == TOKENS:
        return keras.layers.Reshape((tensor.shape[1], 1, tensor.shape[2]), name=name)(tensor)
    return keras.layers.Identity(name=name)(tensor)


def _snake_case(name: str) -> str:
    for pattern in _WORDS:
        name = pattern.sub(r"\1_\2", name)
    return name.lower()
