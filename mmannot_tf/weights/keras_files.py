"""Reads the files Keras saves, without Keras: legacy .h5 (a model or its weights), .weights.h5, and .keras.

`keras.models.load_model` reads neither weights alone nor models of Keras 1, and it builds the foreign model's
classes; here only names, numbers and settings are read, so no code of the file can run.
"""

import json
import posixpath
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from mmannot_tf.weights.hdf5 import DAMAGE, open_hdf5
from mmannot_tf.weights.keras_names import LayerConfig, ModelConfig, layers_of
from tfrecords_tools.shell.errors import UserError, one_line

VARIABLES = {
    "W": "kernel",
    "b": "bias",
    "running_mean": "moving_mean",
    "running_std": "moving_variance",  # Keras 1 named the variance so
}
"""Keras 1's names of variables to those of later versions."""

ORDER = {
    "conv2d": ("kernel", "bias"),
    "dense": ("kernel", "bias"),
    "batch_normalization": ("gamma", "beta", "moving_mean", "moving_variance"),
}
"""Kind of layer to its variables in the order in which Keras 3 numbers them."""

CONFIG, WEIGHTS = "config.json", "model.weights.h5"
"""The files in a .keras archive."""


@dataclass(frozen=True)
class KerasFile:
    """A model's tensors, and its configuration if the file has one.

    Attributes:
        tensors: (layer/variable, values), as the file names them and in its order.
        layers: the configuration of each layer; None for weights alone.
    """

    tensors: tuple[tuple[str, np.ndarray], ...]
    layers: tuple[LayerConfig, ...] | None


def read_keras(path: Path) -> KerasFile:
    """Reads a file that Keras saved.

    Raises:
        UserError: it is missing or damaged, or Keras did not write it.
    """
    if not path.is_file():
        raise UserError(f"a Keras file must exist. Received: {path}, which is no file.")
    try:
        if zipfile.is_zipfile(path):
            return _archive(path)
        with open_hdf5(path) as file:
            return _hdf5(file)
    except (*DAMAGE, AttributeError, zipfile.BadZipFile) as error:
        raise UserError(
            f"a Keras file must be a whole .h5 or .keras of a model or its weights. "
            f"Received: {path} ({one_line(error)})."
        ) from None


def _archive(path: Path) -> KerasFile:
    with zipfile.ZipFile(path) as archive:
        model = json.loads(archive.read(CONFIG))
        with open_hdf5(path, archive.read(WEIGHTS)) as file:
            return KerasFile(tuple(_numbered(file)), tuple(layers_of(model)))


def _hdf5(file: h5py.File) -> KerasFile:
    """Reads .weights.h5, which has a group "layers", or a legacy file, which lists its layers."""
    if "layers" in file and "layer_names" not in file.attrs:
        return KerasFile(tuple(_numbered(file)), None)
    config = _config(file.attrs)
    weights = file if config is None else file["model_weights"]
    return KerasFile(tuple(_named(weights)), None if config is None else tuple(layers_of(config)))


def _config(attributes: h5py.AttributeManager) -> ModelConfig | None:
    return json.loads(attributes["model_config"]) if "model_config" in attributes else None


def _named(weights: h5py.Group) -> Iterator[tuple[str, np.ndarray]]:
    """The tensors of a legacy file, where each layer lists the names of its own."""
    for layer in _texts(weights.attrs, "layer_names"):
        group = weights[layer]
        for name in _texts(group.attrs, "weight_names"):
            yield f"{layer}/{_variable(name, layer)}", group[name][()]


def _texts(attributes: h5py.AttributeManager, name: str) -> list[str]:
    """A list in an attribute; HDF5 cuts long ones into numbered parts."""
    parts = [attributes[name]] if name in attributes else _parts(attributes, name)
    return [text.decode() if isinstance(text, bytes) else str(text) for part in parts for text in part]


def _parts(attributes: h5py.AttributeManager, name: str) -> list[np.ndarray]:
    numbered = sorted(
        (key for key in attributes if key.startswith(name) and key.removeprefix(name).isdigit()),
        key=lambda key: int(key.removeprefix(name)),
    )
    if not numbered:
        raise ValueError(f"without the attribute {name}")
    return [attributes[key] for key in numbered]


def _variable(name: str, layer: str) -> str:
    """conv1/kernel:0 and conv1_W:0 of the layer conv1 to kernel."""
    last = posixpath.basename(name).partition(":")[0].removeprefix(f"{layer}_")
    return VARIABLES.get(last, last)


def _numbered(file: h5py.File) -> Iterator[tuple[str, np.ndarray]]:
    """The tensors of a Keras 3 file, where each layer has a name and numbered tensors."""
    for kind, layer in file["layers"].items():
        variables = layer.get("vars", {})
        if not len(variables):
            continue
        base = kind.rstrip("0123456789").rstrip("_")
        names = ORDER.get(kind if kind in ORDER else base, ())
        for number in sorted(variables, key=int):
            known = int(number) < len(names)
            yield (
                f"{variables.attrs['name']}/{names[int(number)] if known else number}",
                variables[number][()],
            )
