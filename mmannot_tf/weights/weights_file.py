"""The file of imported backbone weights: HDF5, one dataset per tensor, the provenance in a root attribute.

Datasets are named "layer/variable", as "conv2_block1_1_conv/kernel"; tensors under "predictions/" (an
ImageNet classifier's head) are optional. No TensorFlow.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import h5py
import numpy as np

from mmannot_tf.weights.hdf5 import DAMAGE, open_hdf5
from mmannot_tf.weights.provenance import Provenance
from tfrecords_tools.shell.errors import UserError, one_line
from tfrecords_tools.shell.files import atomic_path, clear_leftovers

ATTRIBUTE = "mmannot_backbone"
"""The root attribute that makes an HDF5 file ours."""


def tensors_digest(tensors: Mapping[str, np.ndarray]) -> str:
    """A SHA-256 over names, shapes and float32 values, independent of their order in the mapping."""
    total = hashlib.sha256()
    for name in sorted(tensors):
        tensor = np.ascontiguousarray(tensors[name], "<f4")
        total.update(f"{name} {list(tensor.shape)}\n".encode())
        total.update(tensor.data)
    return total.hexdigest()


def write(path: Path, tensors: Mapping[str, np.ndarray], provenance: Provenance) -> None:
    """Writes `tensors` as float32 to `path`, which it replaces atomically.

    Args:
        path: the file to write; its folder is created.
        tensors: "layer/variable" to values.
        provenance: of them; its digest is `tensors_digest(tensors)`.
    """
    clear_leftovers(path)
    with atomic_path(path) as staging, h5py.File(staging, "w") as file:
        # Of a fixed length: HDF5 reads other strings through a heap, and can search a damaged heap for ever.
        file.attrs[ATTRIBUTE] = np.bytes_(json.dumps(provenance.to_dict()))
        for name, tensor in tensors.items():
            file.create_dataset(name, data=np.asarray(tensor, np.float32))


def read_provenance(path: Path) -> Provenance:
    """Reads the provenance without the tensors.

    Raises:
        UserError: the file is missing, is not HDF5 or not ours, or is damaged.
    """
    with _opened(path) as file:
        return _provenance(path, file)


def read(path: Path) -> tuple[Provenance, dict[str, np.ndarray]]:
    """Reads provenance and tensors, and checks the tensors against their digest.

    Raises:
        UserError: the file is missing, is not HDF5 or not ours, or is damaged.
    """
    tensors: dict[str, np.ndarray] = {}

    def collect(name: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Dataset):
            tensors[name] = item[()]

    with _opened(path) as file:
        provenance = _provenance(path, file)
        try:
            file.visititems(collect)
        except DAMAGE as error:
            raise _damaged(path, str(error)) from None
    if tensors_digest(tensors) != provenance.digest:
        raise _damaged(path, "its tensors do not have the digest it was written with")
    return provenance, tensors


def _opened(path: Path) -> h5py.File:
    if not path.exists():
        raise UserError(
            f"weights must be 'imagenet', 'random' or an existing file. "
            f"Received: {path}, which does not exist."
        )
    if not path.is_file() or not h5py.is_hdf5(path):
        raise UserError(
            f"a weights file must be HDF5 as `mmannot weights import` writes it. "
            f"Received: {path}, which is not."
        )
    try:
        return open_hdf5(path)
    except DAMAGE as error:
        raise _damaged(path, str(error)) from None


def _provenance(path: Path, file: h5py.File) -> Provenance:
    try:
        return Provenance.from_dict(json.loads(file.attrs[ATTRIBUTE]))
    except DAMAGE as error:
        cause = one_line(error).rstrip(".")
        raise UserError(
            f"a weights file must say how its weights were made, in the attribute {ATTRIBUTE}. "
            f"Received: {path}, which does not ({cause}); "
            "import the original weights with `mmannot weights import`."
        ) from None


def _damaged(path: Path, cause: str) -> UserError:
    return UserError(
        f"a weights file must be whole. Received: {path}, damaged ({' '.join(cause.split())}); "
        "import it again."
    )
