"""What was exported, held against the model in memory on one batch."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image

from mmannot_tf.data.tag_lists import padded
from mmannot_tf.serving.annotator_module import AnnotatorModule
from mmannot_tf.serving.engines.kinds import Kind
from mmannot_tf.serving.model import Model
from mmannot_tf.serving.network import (
    Agreement,
    NetworkInputs,
    NetworkOutputs,
    agreement,
    relative_difference,
)
from tfrecords_tools.shell.errors import UserError

TOLERANCE = 1e-4
"""Ours: float32 formats were seen to differ by 1e-6 to 1e-5."""
IMAGES = 8


def probe(model: Model) -> tuple[NetworkInputs, list[str]]:
    """A batch of made images, coarse colours with noise, with none to 7 tags; the same ones every time.

    Returns:
        The network's inputs, and the images' tags as comma-separated text.
    """
    rng, size = np.random.default_rng(0), model.image_size
    coarse = rng.integers(0, 256, (IMAGES, 5, 5, 3)).repeat(-(-size // 5), 1).repeat(-(-size // 5), 2)
    noisy = coarse[:, :size, :size] + rng.normal(0, 20, (IMAGES, size, size, 3))
    pixels = np.clip(np.round(noisy), 0, 255).astype(np.float32)
    known = len(model.tags)
    tags = [rng.choice(known, min(count, known), replace=False) for count in range(IMAGES)]
    texts = [", ".join(model.tags[index] for index in row) for row in tags]
    return NetworkInputs(pixels, padded(tags)), texts


def verify(
    name: str, kind: Kind, folder: Path, inputs: NetworkInputs, reference: NetworkOutputs
) -> Agreement:
    """Runs a written format by its engine and compares.

    Raises:
        UserError: its answer is another than the model's.
    """
    agrees = agreement(kind.open(folder, "float32")(inputs), reference, tolerance=TOLERANCE)
    if not agrees.holds:
        raise UserError(
            f"An export must give the model's own answers. Received: {name}, {agrees}. Nothing is written."
        )
    return agrees


def verify_signatures(
    folder: Path, module: AnnotatorModule, inputs: NetworkInputs, texts: Sequence[str]
) -> dict[str, float]:
    """Runs every signature of a written SavedModel and compares it with the same function in memory.

    Returns:
        The largest difference of any number that each signature gives.

    Raises:
        UserError: a string or a whole number differs, or another number by more than the tolerance.
    """
    loaded = tf.saved_model.load(str(folder))
    arguments = _arguments(inputs, texts)
    found = {}
    for name, function in module.signatures_by_name.items():
        ours, theirs = function(**arguments[name]), loaded.signatures[name](**arguments[name])
        found[name] = max(_difference(theirs[output], ours[output]) for output in ours)
        if not found[name] <= TOLERANCE:
            raise UserError(
                f"A SavedModel must give the model's own answers. Received: {found[name]:.1e} "
                f"of difference in the signature {name}, more than {TOLERANCE:.0e}. Nothing is written."
            )
    return found


def _arguments(inputs: NetworkInputs, texts: Sequence[str]) -> dict[str, Mapping[str, tf.Tensor]]:
    pixels = inputs.image.astype(np.uint8)
    encoded = {"image": tf.constant([_png(one) for one in pixels]), "tags": tf.constant(list(texts))}
    return {
        "serving_default": encoded,
        "decoded": {**encoded, "image": tf.constant(pixels)},
        "given_quantity": {**encoded, "quantity": tf.range(len(inputs))},
        "top_k": {**encoded, "k": tf.constant(2)},
        "features": encoded,
        "network": {name: tf.constant(array) for name, array in inputs.named().items()},
    }


def _png(pixels: np.ndarray) -> bytes:
    written = io.BytesIO()
    Image.fromarray(pixels).save(written, "PNG")
    return written.getvalue()


def _difference(one: tf.Tensor, other: tf.Tensor) -> float:
    """The largest difference, over the larger of 1 and the number; inf where integers or strings differ."""
    if one.dtype in (tf.string, tf.bool, tf.int32):
        return 0.0 if np.array_equal(one.numpy(), other.numpy()) else np.inf
    return relative_difference(one.numpy(), other.numpy())
