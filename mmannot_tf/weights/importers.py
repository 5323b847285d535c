"""Other projects' weights into our weights file. Another origin is a new file and a line in `ORIGINS`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmannot_tf.weights import weights_file
from mmannot_tf.weights.caffe2016 import import_caffe2016
from mmannot_tf.weights.imported import Imported
from mmannot_tf.weights.keras_saved import import_keras
from mmannot_tf.weights.slim import import_slim
from mmannot_tf.weights.tfjs import import_tfjs
from mmannot_tf.weights.torchvision import import_torchvision
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.lfs import check_no_pointer
from tfrecords_tools.shell.output_file import output_file


@dataclass(frozen=True)
class Origin:
    """A project whose weights can be imported.

    Attributes:
        read: a path to the tensors under our names and how they were made.
        reads: what the path is, in words.
    """

    read: Callable[[Path], Imported]
    reads: str


ORIGINS: Mapping[str, Origin] = {
    "keras": Origin(import_keras, "a ResNet saved by Keras (.h5, .keras), with or without top"),
    "tfjs": Origin(import_tfjs, "a TF.js layers model (archive, folder or model.json)"),
    "slim": Origin(import_slim, "a TF-Slim resnet_v1 checkpoint (its prefix or .ckpt)"),
    "caffe2016": Origin(import_caffe2016, "a checkpoint of ry/tensorflow-resnet, the 2016 port of Caffe's"),
    "torchvision": Origin(import_torchvision, "a state dict of torchvision (.safetensors, .pth)"),
}


def import_weights(path: Path, origin: str, out: Path) -> Imported:
    """Reads weights of another project, checks that they fit a backbone, and writes our file.

    Args:
        path: what the importer reads.
        origin: a key of `ORIGINS`.
        out: the file to write, usually .h5; an existing one is replaced.

    Returns:
        What was written, and what of the source was ignored.

    Raises:
        UserError: the origin is unknown, the source is missing or broken, a tensor does not fit, or `out` is
            no regular file.
    """
    if origin not in ORIGINS:
        raise UserError(f"weights can be imported from {', '.join(ORIGINS)}. Received: {origin}.")
    file = output_file(out, "OUT")
    check_no_pointer(path)
    weights = ORIGINS[origin].read(path)
    _check_numbers(weights.tensors, path)
    _check_fit(weights, path)
    weights_file.write(file, weights.tensors, weights.provenance)
    return weights


def _check_numbers(tensors: Mapping[str, np.ndarray], path: Path) -> None:
    odd = [
        name for name, tensor in tensors.items() if tensor.dtype.kind != "f" or not np.isfinite(tensor).all()
    ]
    if odd:
        raise UserError(
            f"weights must be finite floating-point numbers. Received: {path}, where {odd[0]} is not."
        )


def _check_fit(weights: Imported, path: Path) -> None:
    """Loads the tensors into a backbone once, so that a wrong file is never written."""
    from mmannot_tf.models.backbone import build_backbone
    from mmannot_tf.weights.assignment import assign

    provenance = weights.provenance
    backbone = build_backbone(provenance.architecture, image_size=32, geometry=provenance.geometry)
    assign(backbone, weights.tensors, source=str(path))
