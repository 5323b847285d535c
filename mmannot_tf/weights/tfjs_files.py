"""The files of a TF.js layers model: model.json and its shards, in a folder or packed as npm packs it."""

import json
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NotRequired, TypedDict

import numpy as np

from mmannot_tf.weights.keras_names import LayerConfig, ModelConfig, layers_of
from tfrecords_tools.shell.errors import UserError

MODEL = "model.json"


class TensorEntry(TypedDict):
    """A tensor in the weights manifest."""

    name: str
    shape: list[int]
    dtype: str
    quantization: NotRequired[object]


class ShardGroup(TypedDict):
    """Tensors whose bytes lie in a row, cut into shards."""

    paths: list[str]
    weights: list[TensorEntry]


class Topology(TypedDict):
    """The network in model.json."""

    model_config: ModelConfig


class ModelDocument(TypedDict):
    """The document model.json."""

    format: str
    modelTopology: Topology
    weightsManifest: list[ShardGroup]


@dataclass(frozen=True)
class TfjsFiles:
    """A TF.js model as read from disk.

    Attributes:
        path: what the user gave, for errors.
        model: the document model.json.
        shards: the bytes of each shard on disk, by its name in the manifest.
    """

    path: Path
    model: ModelDocument
    shards: Mapping[str, bytes]

    def tensors(self) -> dict[str, np.ndarray]:
        """The tensors by name, from float32 little-endian bytes in the manifest's order.

        Raises:
            UserError: a shard is missing or too short, or a tensor is not plain float32.
        """
        tensors: dict[str, np.ndarray] = {}
        for group in self.model["weightsManifest"]:
            tensors.update(self._group(group))
        return tensors

    def _group(self, group: ShardGroup) -> dict[str, np.ndarray]:
        """One group's tensors: its shards are one sequence of bytes, cut anywhere."""
        entries = group["weights"]
        unreadable = [e["name"] for e in entries if e["dtype"] != "float32" or "quantization" in e]
        if unreadable:
            raise UserError(
                f"TF.js tensors must be float32, not quantized. "
                f"Received: {self.path}, where {unreadable[0]} is not."
            )
        sizes = [int(np.prod(entry["shape"], dtype=np.int64)) for entry in entries]
        values = np.frombuffer(self._bytes(group["paths"], 4 * sum(sizes)), "<f4")
        parts = np.split(values, np.cumsum(sizes)[:-1])
        return {
            entry["name"]: part.reshape(entry["shape"]) for entry, part in zip(entries, parts, strict=True)
        }

    def _bytes(self, names: list[str], expected: int) -> bytes:
        missing = [name for name in names if name not in self.shards]
        if missing:
            raise UserError(
                f"every shard named in {MODEL} must exist. Received: {self.path}, "
                f"where {len(missing)} of {len(names)} are missing, {missing[0]} first."
            )
        joined = b"".join(self.shards[name] for name in names)
        if len(joined) != expected:
            # All shards of a group but the last have one size.
            uneven = [name for name in names[:-1] if len(self.shards[name]) != len(self.shards[names[0]])]
            raise UserError(
                f"the shards must hold {expected} bytes. Received: {self.path}, where they hold "
                f"{len(joined)}; {(uneven or names[-1:])[0]} is the likely broken one; fetch the model again."
            )
        return joined


def read_files(path: Path) -> TfjsFiles:
    """Reads a model from its folder, its model.json, or the .tgz that `npm pack` makes.

    Raises:
        UserError: there is no model.json, or several, or it describes no TF.js layers model, or the archive
            is broken.
    """
    if not path.exists():
        raise UserError(f"a TF.js model must exist. Received: {path}, which does not.")
    unpacked = path.is_dir() or path.name == MODEL
    files = _folder_files(path) if unpacked else _archive_files(path)
    models = [name for name in files if PurePosixPath(name).name == MODEL]
    if len(models) != 1:
        raise UserError(f"a TF.js model must hold one {MODEL}. Received: {path}, with {len(models)}.")
    folder = PurePosixPath(models[0]).parent
    shards = {
        str(PurePosixPath(name).relative_to(folder)): content
        for name, content in files.items()
        if PurePosixPath(name).is_relative_to(folder)
    }
    return TfjsFiles(path, _document(path, files[models[0]]), shards)


def _folder_files(path: Path) -> dict[str, bytes]:
    """model.json and the .bin files in its folder and below; searches an npm package's folder for it."""
    folder = path if path.is_dir() else path.parent
    models = sorted(folder.rglob(MODEL)) if path.is_dir() else [path]
    beside = models[0].parent if len(models) == 1 else folder
    files = [*models, *beside.rglob("*.bin")]
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def _archive_files(path: Path) -> dict[str, bytes]:
    """The model's files in a .tgz, read in one pass: each seek back would unpack the archive again."""
    files = {}
    try:
        with tarfile.open(path, "r|*") as archive:
            for member in archive:
                if member.name.endswith(".bin") or PurePosixPath(member.name).name == MODEL:
                    content = archive.extractfile(member) if member.isfile() else None
                    if content is not None:
                        files[member.name] = content.read()
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise UserError(
            f"a TF.js model must be a folder, a {MODEL} or a whole .tgz. Received: {path} ({error})."
        ) from None
    return files


def _document(path: Path, content: bytes) -> ModelDocument:
    """The checked model.json."""
    try:
        model: ModelDocument = json.loads(content)
        whole = model["format"] == "layers-model" and bool(layer_configs(model))
        whole = whole and all(_complete(group) for group in model["weightsManifest"])
    except (ValueError, KeyError, TypeError, AttributeError):
        whole = False
    if not whole:
        raise UserError(
            f"{MODEL} must describe a TF.js layers model with its weights. "
            f"Received: {path}, whose {MODEL} does not."
        )
    return model


def _complete(group: ShardGroup) -> bool:
    """Whether a group of the weights manifest names its shards and describes its tensors."""
    entries = group["weights"]
    return bool(group["paths"] and entries) and all({"name", "shape", "dtype"} <= set(e) for e in entries)


def layer_configs(model: ModelDocument) -> list[LayerConfig]:
    """The configuration of each layer, from the document model.json."""
    return layers_of(model["modelTopology"]["model_config"])
