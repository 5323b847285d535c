"""Other projects' weights into our weights file. Another origin is a new file and a line in `ORIGINS`."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from mmannot_tf.weights import weights_file
from mmannot_tf.weights.provenance import Provenance
from mmannot_tf.weights.tfjs import import_tfjs
from tfrecords_tools.errors import UserError

Importer = Callable[[Path], tuple[Provenance, dict[str, np.ndarray]]]

ORIGINS: Mapping[str, Importer] = {
    "tfjs": import_tfjs,
}


def import_weights(path: Path, origin: str, out: Path) -> Provenance:
    """Reads weights of another project, proves that they fit, and writes our file.

    Args:
        path: what the importer reads.
        origin: a key of `ORIGINS`.
        out: the file to write, usually .h5; replaced if it is there.

    Returns:
        How the weights were made.

    Raises:
        UserError: the origin is unknown, the source is missing or broken, or a tensor does not fit.
    """
    if origin not in ORIGINS:
        raise UserError(f"weights can be imported from {', '.join(ORIGINS)}. Received: {origin}.")
    if out.is_dir():
        raise UserError(f"weights are written to a file. Received: {out}, which is a folder.")
    provenance, tensors = ORIGINS[origin](path)
    _fit(provenance, tensors, path)
    weights_file.write(out, tensors, provenance)
    return provenance


def _fit(provenance: Provenance, tensors: Mapping[str, np.ndarray], path: Path) -> None:
    """Loads the tensors into a backbone once, so that a wrong file is never written."""
    from mmannot_tf.models.backbone import build_backbone
    from mmannot_tf.weights.assignment import assign

    backbone = build_backbone(
        provenance.architecture,
        image_size=32,
        momentum=0.99,  # unused: nothing is trained here
        epsilon=provenance.epsilon,
        stride=provenance.stride,
    )
    assign(backbone, tensors, source=str(path))
