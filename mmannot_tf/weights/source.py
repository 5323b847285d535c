"""Where a backbone's weights come from: random, keras.applications, published ones, or a file.

No TensorFlow at module level: `resolve` is quick, `load_into` does the work.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mmannot_tf.models.geometry import KERAS
from mmannot_tf.models.networks import HUB, KERAS_FILE, NETWORKS, VECTORS, Network, is_own
from mmannot_tf.models.preprocessing import PIXELS
from mmannot_tf.weights import weights_file
from mmannot_tf.weights.assignment import assign
from mmannot_tf.weights.keras_download import downloaded
from mmannot_tf.weights.keras_saved import KERAS_EPSILON
from mmannot_tf.weights.provenance import CAFFE, CENTRED, Provenance
from mmannot_tf.weights.published import PUBLISHED
from tfrecords_tools.shell.errors import UserError, one_line
from tfrecords_tools.shell.files import sha256

if TYPE_CHECKING:
    import keras

KERAS_APPLICATIONS: Mapping[str, tuple[str, str]] = {
    "resnet50": ("ResNet50", "md5:4d473c1dd8becc155b73f8504c6f6626"),
    "resnet101": ("ResNet101", "md5:88cf7a10940856eca736dc7b7e228a21"),
    "resnet152": ("ResNet152", "md5:ee4c566cf9a93f14d82f913c2dc6dd0c"),
}
"""Architecture to its function in keras.applications and the digest of the file that function downloads.

The digests are those of keras/src/applications/resnet.py (WEIGHTS_HASHES, without top); Keras checks them.
"""


PRESET_WEIGHTS = "model.weights.h5"
"""In a folder with a preset of KerasHub."""


@dataclass(frozen=True)
class BackboneSource:
    """Weights for a backbone, located but not read yet.

    Attributes:
        provenance: how they were made: epsilon, geometry, preprocessing.
        load: sets the weights of a backbone; None if it keeps its random ones.
    """

    provenance: Provenance
    load: Callable[[keras.Model], None] | None = None

    def load_into(self, backbone: keras.Model) -> None:
        """Assigns the weights to a backbone of the same architecture; an ImageNet head is ignored.

        Raises:
            UserError: the weights cannot be read or downloaded, or do not fit tensor by tensor.
        """
        if self.load is not None:
            self.load(backbone)


def resolve(weights: str, architecture: str) -> BackboneSource:
    """Locates weights and returns how they were made and how to read them.

    Args:
        weights: "random", "imagenet", a key of `PUBLISHED` ("keras2016"), the path of a file that
            `mmannot weights import` wrote, or "own" for those in `architecture`.
        architecture: a key of `models.architectures.ARCHITECTURES` or of `models.networks.NETWORKS`, or the
            path of a Keras model.

    Raises:
        UserError: this architecture has no such weights, or the file is missing, foreign or damaged.
    """
    if architecture == VECTORS:
        return BackboneSource(Provenance(weights, architecture, None, KERAS, PIXELS, None))
    if is_own(architecture):
        return _of_own(architecture, weights)
    if architecture in NETWORKS:
        return _of_application(NETWORKS[architecture], weights, architecture)
    if weights == "random":
        return BackboneSource(Provenance("random", architecture, None, KERAS, CENTRED, None))
    if weights == "imagenet":
        return _imagenet(architecture)
    if weights in PUBLISHED:
        published = PUBLISHED[weights]
        _check_architecture(published.provenance, architecture, weights)
        return _of_tensors(published.provenance, weights, published.read)
    return _imported(Path(weights), architecture)


def can_be_fetched(weights: str, architecture: str) -> bool:
    """Whether everyone can fetch these weights of a backbone; arguments as for `resolve`."""
    has_imagenet = architecture in KERAS_APPLICATIONS or architecture in NETWORKS
    return weights in PUBLISHED or (weights == "imagenet" and has_imagenet)


def _imagenet(architecture: str) -> BackboneSource:
    if architecture not in KERAS_APPLICATIONS:
        raise UserError(
            f"ImageNet weights exist for {', '.join(KERAS_APPLICATIONS)}. Received: backbone {architecture}; "
            "choose one of these or the weights 'random'."
        )
    function, digest = KERAS_APPLICATIONS[architecture]
    provenance = Provenance("imagenet", architecture, KERAS_EPSILON, KERAS, CAFFE, digest)
    return _of_tensors(provenance, "imagenet", partial(_download, function))


def _download(function: str) -> dict[str, np.ndarray]:
    with _download_as_user_error(function):
        return downloaded(function)


@contextlib.contextmanager
def _download_as_user_error(function: str) -> Iterator[None]:
    """Raises UserError where Keras cannot download weights; its progress bar goes to stderr."""
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    except Exception as error:  # Keras raises no narrower type
        raise UserError(
            f"weights 'imagenet' need internet access once, to download {function}. "
            f"Received: {one_line(error)}; or import a file with `mmannot weights import` and give its path."
        ) from error


def _imported(path: Path, architecture: str) -> BackboneSource:
    provenance = weights_file.read_provenance(path)
    _check_architecture(provenance, architecture, str(path))
    return _of_tensors(provenance, str(path), lambda: weights_file.read(path)[1])


def _of_tensors(
    provenance: Provenance, name: str, read: Callable[[], Mapping[str, np.ndarray]]
) -> BackboneSource:
    """Weights that are read as tensors by name, for one of our ResNets."""
    return BackboneSource(provenance, lambda backbone: assign(backbone, read(), source=name))


def _of_application(network: Network, weights: str, architecture: str) -> BackboneSource:
    """Weights of a network of keras.applications that is none of our ResNets."""
    if weights not in ("imagenet", "random"):
        raise UserError(
            f'weights of {architecture} must be "imagenet" or "random". Received: {weights}. A file of '
            "weights is for a ResNet; save the whole network as FILE.keras, and name that as model.backbone."
        )
    is_random = weights == "random"
    digest = None if is_random else f"keras.applications.{network.function}"
    provenance = Provenance(weights, architecture, None, KERAS, network.preprocessing, digest)

    def load(backbone: keras.Model) -> None:
        from mmannot_tf.models.copied_network import build_application, copy_weights

        with _download_as_user_error(network.function):
            original = build_application(network, backbone.input_shape[1], weights="imagenet")
        copy_weights(original, backbone)

    return BackboneSource(provenance, None if is_random else load)


def _of_own(name: str, weights: str) -> BackboneSource:
    """Weights of a file or a preset; what it expects of pixels, the configuration says."""
    file = Path(name) if name.endswith(KERAS_FILE) else Path(name.removeprefix(HUB)) / PRESET_WEIGHTS
    if name.endswith(KERAS_FILE) and not file.is_file():
        raise UserError(f"model.backbone must be a Keras model. Received: {name}, which is no file.")
    is_random = weights == "random"
    digest = sha256(file) if file.is_file() else name  # a preset elsewhere has its version in its name
    provenance = Provenance(weights, name, None, KERAS, PIXELS, None if is_random else digest)

    def load(backbone: keras.Model) -> None:
        from mmannot_tf.models.copied_network import copy_weights, load_network

        copy_weights(load_network(name), backbone)

    return BackboneSource(provenance, None if is_random else load)


def _check_architecture(provenance: Provenance, architecture: str, name: str) -> None:
    if provenance.architecture != architecture:
        raise UserError(
            f"weights must be of the configured backbone, {architecture}. Received: {name}, "
            f"which holds {provenance.architecture}."
        )
