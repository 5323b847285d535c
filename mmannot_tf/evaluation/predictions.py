"""The predictions of one run on one split: a frozen value that is also a .npz file."""

import hashlib
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import compress
from pathlib import Path
from typing import Literal

import numpy as np

from mmannot_tf.decisions.unknown_labels import without_unknown
from tfrecords_tools.shell.errors import UserError, one_line
from tfrecords_tools.shell.files import atomic_path, clear_leftovers

Visual = Literal["ms_cnn", "cnn"]

_SCORER = "probabilities."
_REGRESSOR = "quantity."
_FREQUENCIES = "label_frequencies"
_KNOWN_TAGS = "known_tags"
_UNKNOWN = "unknown"


@dataclass(frozen=True, eq=False)
class Predictions:
    """The outputs of every scorer and regressor of a run, for N images and C labels.

    Attributes:
        split: the split's name, "train", "validation" or "test".
        digest: of the inputs that the predictions were made from.
        ids: the images' ids, [N].
        labels: the ground truth as multi-hot rows, [N, C] bool.
        label_names: the C names, in label order.
        probabilities: scorer → [N, C] float32: "cnn_head", "cnn", "cnn_longer", "cnn_scales", "ms_cnn",
            "tag_encoder", "classifier"; of a compared system its scores on any scale; of one that decodes, a
            label is given where above 0.
        quantity: regressor → raw outputs, [N] float32: "quantity_visual" (on f_v), "quantity" (on f).
        label_frequencies: the share of the training images that have each label, [C] float32; None in files
            of earlier versions.
        known_tags: how many of an image's tags are in the vocabulary, [N] int32; None in files of earlier
            versions, and where there is no vocabulary.
        unknown: the labels of which nothing is known, [N, C] bool; None where all are known.

    Raises:
        UserError: the split is empty, a shape disagrees with `labels`, or a value is not finite.
    """

    split: str
    digest: str
    ids: tuple[str, ...]
    labels: np.ndarray
    label_names: tuple[str, ...]
    probabilities: Mapping[str, np.ndarray] = field(default_factory=dict)
    quantity: Mapping[str, np.ndarray] = field(default_factory=dict)
    label_frequencies: np.ndarray | None = None
    known_tags: np.ndarray | None = None
    unknown: np.ndarray | None = None

    def __post_init__(self) -> None:
        images, classes = len(self.ids), len(self.label_names)
        if images == 0:
            raise UserError(
                f"predictions must cover at least one image. Received: an empty {self.split} split."
            )
        if self.labels.dtype != bool:
            raise UserError(f"labels of predictions must be bool. Received: {self.labels.dtype}.")
        _check_shape("labels", self.labels, (images, classes))
        for name, values in self.probabilities.items():
            _check_shape(f"probabilities of {name}", values, (images, classes))
            _check_finite(f"probabilities of {name}", values)
        for name, values in self.quantity.items():
            _check_shape(f"outputs of {name}", values, (images,))
            _check_finite(f"outputs of {name}", values)
        if self.label_frequencies is not None:
            _check_shape("label frequencies", self.label_frequencies, (classes,))
            _check_shares("label frequencies", self.label_frequencies)
        if self.known_tags is not None:
            _check_shape("numbers of known tags", self.known_tags, (images,))
            _check_counts("numbers of known tags", self.known_tags)
        if self.unknown is not None:
            _check_shape("unknown labels", self.unknown, (images, classes))
            _check_unknown(self.unknown, self.labels)

    @property
    def visual(self) -> Visual:
        """The stage whose feature is f_v: the CNN's in a run without fusion blocks."""
        return "ms_cnn" if "ms_cnn" in self.probabilities else "cnn"

    @property
    def true_quantity(self) -> np.ndarray:
        """m, how many labels each image is known to have: [N] int64."""
        return self.labels.sum(axis=1)

    @property
    def with_quantity(self) -> np.ndarray:
        """Whether all labels of an image are known, and so how many it has: [N] bool."""
        if self.unknown is None:
            return np.ones(len(self.ids), bool)
        return np.asarray(~self.unknown.any(axis=1))

    def scored(self, chosen: np.ndarray) -> np.ndarray:
        """The labels that are given, [N, C] bool, without those of which nothing is known."""
        return without_unknown(chosen, self.unknown)

    def where(self, wanted: np.ndarray) -> "Predictions":
        """The predictions of the images for which `wanted`, [N] bool, is true."""
        return replace(
            self,
            ids=tuple(compress(self.ids, wanted)),
            labels=self.labels[wanted],
            probabilities={name: values[wanted] for name, values in self.probabilities.items()},
            quantity={name: values[wanted] for name, values in self.quantity.items()},
            known_tags=None if self.known_tags is None else self.known_tags[wanted],
            unknown=None if self.unknown is None else self.unknown[wanted],
        )

    def tagged(self) -> "Predictions":
        """The predictions of the images that have a tag of the vocabulary.

        Raises:
            UserError: the number of tags is not known, or no image has one.
        """
        if self.known_tags is None:
            raise UserError(
                f"predictions must say how many tags an image has. Received: those of {self.split}, from "
                "records without tags, or of an earlier version; delete `predictions/` of such a run."
            )
        return self.where(self.known_tags > 0)

    def save(self, path: Path) -> None:
        """Writes one uncompressed .npz file atomically, with a digest of its arrays."""
        arrays = {name: np.asarray(getattr(self, name)) for name in _PLAIN}
        arrays |= {_SCORER + name: np.asarray(a, np.float32) for name, a in self.probabilities.items()}
        arrays |= {_REGRESSOR + name: np.asarray(a, np.float32) for name, a in self.quantity.items()}
        if self.label_frequencies is not None:
            arrays[_FREQUENCIES] = np.asarray(self.label_frequencies, np.float32)
        if self.known_tags is not None:
            arrays[_KNOWN_TAGS] = np.asarray(self.known_tags, np.int32)
        if self.unknown is not None:
            arrays[_UNKNOWN] = self.unknown
        arrays = {_SEAL: np.asarray(_digest(arrays)), **arrays}  # first: a cut directory still has it
        clear_leftovers(path)
        with atomic_path(path) as staging, staging.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]  # numpy: one of the names could be allow_pickle

    @classmethod
    def load(cls, path: Path) -> "Predictions":
        """Reads what `save` wrote.

        Raises:
            UserError: the file is missing, is no such file, is truncated, or holds impossible values.
        """
        arrays = _read(path)
        _check_content(path, arrays)
        try:
            return cls(
                split=str(arrays["split"]),
                digest=str(arrays["digest"]),
                ids=tuple(arrays["ids"].tolist()),
                labels=arrays["labels"],
                label_names=tuple(arrays["label_names"].tolist()),
                probabilities=_under(_SCORER, arrays),
                quantity=_under(_REGRESSOR, arrays),
                label_frequencies=arrays.get(_FREQUENCIES),
                known_tags=arrays.get(_KNOWN_TAGS),
                unknown=arrays.get(_UNKNOWN),
            )
        except (UserError, TypeError, ValueError) as error:
            raise UserError(f"{path}: {one_line(error)}") from None


_PLAIN = ("split", "digest", "ids", "labels", "label_names")
_SEAL = "seal"
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    ValueError,
    EOFError,
    OSError,
    TypeError,
    KeyError,
    IndexError,
    RuntimeError,  # an unknown compression, or encryption
    SyntaxError,
    MemoryError,
    OverflowError,
)
"""What zipfile and numpy raise for damaged files."""


def _read(path: Path) -> dict[str, np.ndarray]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            names = archive.files
            if len(set(names)) < len(names):
                raise ValueError("an array occurs twice")
            arrays = {name: archive[name] for name in names}
            if not all(isinstance(array, np.ndarray) for array in arrays.values()):
                raise ValueError("an array has no header")
            return arrays
    except FileNotFoundError:
        raise UserError(
            f"predictions must have been made. Received: {path}, which does not exist; train the run first."
        ) from None
    except _DAMAGE as error:
        raise _damaged(path, one_line(error)) from None


def _check_content(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Checks the names of the arrays, and their digest; files of earlier versions have none."""
    lacking = [name for name in _PLAIN if name not in arrays]
    if lacking:
        raise UserError(f"a predictions file must hold {', '.join(lacking)}. Received: {path}, without.")
    known = {*_PLAIN, _FREQUENCIES, _KNOWN_TAGS, _UNKNOWN, _SEAL}
    unknown = [name for name in arrays if name not in known and not name.startswith((_SCORER, _REGRESSOR))]
    if unknown:
        raise _damaged(path, f"with an unknown array {unknown[0]!r}")
    if _SEAL in arrays and str(arrays[_SEAL]) != _digest(arrays):
        raise _damaged(path, "its content differs from its digest")


def _digest(arrays: Mapping[str, np.ndarray]) -> str:
    """The SHA-256 of the names, types, shapes and values of all arrays but the seal."""
    total = hashlib.sha256()
    for name in sorted(arrays.keys() - {_SEAL}):
        array = np.ascontiguousarray(arrays[name])
        total.update(f"{name} {array.dtype.str} {list(arrays[name].shape)}\n".encode())
        total.update(array.tobytes())
    return total.hexdigest()


def _damaged(path: Path, reason: str) -> UserError:
    return UserError(
        f"predictions must be a whole .npz file. Received: {path} ({reason}); "
        "delete it to have it made again."
    )


def _under(prefix: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def _check_shape(what: str, values: np.ndarray, shape: tuple[int, ...]) -> None:
    if values.shape != shape:
        raise UserError(f"{what} must have shape {list(shape)}. Received: {list(values.shape)}.")


def _check_unknown(unknown: np.ndarray, labels: np.ndarray) -> None:
    if unknown.dtype != bool or (unknown & labels).any():
        raise UserError(
            f"unknown labels must be bool, and none of them given. Received: {unknown.dtype}; delete the "
            "file to have it made again."
        )


def _check_finite(what: str, values: np.ndarray) -> None:
    bad = values.size - np.count_nonzero(np.isfinite(values))
    if bad:
        raise UserError(
            f"{what} must be finite. Received: {bad} of {values.size} values NaN or infinite. Train its "
            "stage again; a lower learning rate helps where its weights have diverged."
        )


def _check_shares(what: str, values: np.ndarray) -> None:
    if not ((values >= 0) & (values <= 1)).all():
        raise UserError(
            f"{what} must be shares of the training images, 0 to 1. "
            f"Received: {values.min():g} to {values.max():g}; delete the file to have it made again."
        )


def _check_counts(what: str, values: np.ndarray) -> None:
    if values.dtype.kind not in "iu" or values.min(initial=0) < 0:
        raise UserError(
            f"{what} must be integers, 0 or more. Received: {values.dtype}, {values.min(initial=0):g} the "
            "least; delete the file to have it made again."
        )
