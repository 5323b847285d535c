"""Where a backbone's weights come from: random, keras.applications, published ones, or an imported file.

No TensorFlow at module level: `resolve` is quick, `load_into` does the work.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mmannot_tf.models.geometry import KERAS
from mmannot_tf.weights import weights_file
from mmannot_tf.weights.assignment import assign
from mmannot_tf.weights.keras_download import downloaded
from mmannot_tf.weights.keras_saved import KERAS_EPSILON
from mmannot_tf.weights.provenance import CAFFE, CENTRED, Provenance
from mmannot_tf.weights.published import PUBLISHED
from tfrecords_tools.shell.errors import UserError, one_line

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


@dataclass(frozen=True)
class BackboneSource:
    """Weights for a backbone, located but not read yet.

    Attributes:
        provenance: how they were made: epsilon, geometry, preprocessing.
        name: what the user asked for: "random", "imagenet", a key of `PUBLISHED` or a path.
        read: returns the tensors by name; None if the backbone keeps its random weights.
    """

    provenance: Provenance
    name: str
    read: Callable[[], Mapping[str, np.ndarray]] | None = None

    def load_into(self, backbone: keras.Model) -> None:
        """Assigns the weights to a backbone of the same architecture; an ImageNet head is ignored.

        Raises:
            UserError: the weights cannot be read or downloaded, or do not fit tensor by tensor.
        """
        if self.read is not None:
            assign(backbone, self.read(), source=self.name)


def resolve(weights: str, architecture: str) -> BackboneSource:
    """Locates weights and returns how they were made and how to read them.

    Args:
        weights: "random", "imagenet", a key of `PUBLISHED` ("keras2016"), or the path of a file that
            `mmannot weights import` wrote.
        architecture: a key of `models.architectures.ARCHITECTURES`.

    Raises:
        UserError: this architecture has no such weights, or the file is missing, foreign or damaged.
    """
    if weights == "random":
        return BackboneSource(Provenance("random", architecture, None, KERAS, CENTRED, None), weights)
    if weights == "imagenet":
        return _imagenet(architecture)
    if weights in PUBLISHED:
        published = PUBLISHED[weights]
        _check_architecture(published.provenance, architecture, weights)
        return BackboneSource(published.provenance, weights, published.read)
    return _imported(Path(weights), architecture)


def _imagenet(architecture: str) -> BackboneSource:
    if architecture not in KERAS_APPLICATIONS:
        raise UserError(
            f"ImageNet weights exist for {', '.join(KERAS_APPLICATIONS)}. Received: backbone {architecture}; "
            "choose one of these or the weights 'random'."
        )
    function, digest = KERAS_APPLICATIONS[architecture]
    provenance = Provenance("imagenet", architecture, KERAS_EPSILON, KERAS, CAFFE, digest)
    return BackboneSource(provenance, "imagenet", partial(_download, function))


def _download(function: str) -> dict[str, np.ndarray]:
    try:
        return downloaded(function)
    except Exception as error:  # Keras raises plain Exception when the download fails
        raise UserError(
            f"weights 'imagenet' need internet access once, to download {function}. "
            f"Received: {one_line(error)}; or import a file with `mmannot weights import` and give its path."
        ) from error


def _imported(path: Path, architecture: str) -> BackboneSource:
    provenance = weights_file.read_provenance(path)
    _check_architecture(provenance, architecture, str(path))
    return BackboneSource(provenance, str(path), lambda: weights_file.read(path)[1])


def _check_architecture(provenance: Provenance, architecture: str, name: str) -> None:
    if provenance.architecture != architecture:
        raise UserError(
            f"weights must be of the configured backbone, {architecture}. Received: {name}, "
            f"which holds {provenance.architecture}."
        )
