"""Compares a written export with the model in memory on one batch."""

import io
from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf
from PIL import Image

from mmannot_tf.serving.exporting.annotator_module import AnnotatorModule
from mmannot_tf.serving.exporting.decision_requests import DecisionRequest
from mmannot_tf.serving.network import (
    TOLERANCE,
    Agreement,
    NetworkInputs,
    NetworkOutputs,
    compare,
    relative_difference,
)
from tfrecords_tools.shell.errors import UserError


def verify(name: str, outputs: NetworkOutputs, reference: NetworkOutputs) -> Agreement:
    """Compares the outputs of a written format with the model's.

    Raises:
        UserError: they differ.
    """
    agreement = compare(outputs, reference, tolerance=TOLERANCE)
    if not agreement.holds:
        raise UserError(
            f"An export must give the model's own outputs. Received: {name}, {agreement}. Nothing is written."
        )
    return agreement


def verify_signatures(
    loaded: tf.Module, module: AnnotatorModule, inputs: NetworkInputs, texts: Sequence[str]
) -> dict[str, float]:
    """Runs every signature of a loaded SavedModel and compares it with the same function in memory.

    Returns:
        The largest difference in each signature's outputs.

    Raises:
        UserError: a string or an integer differs, or a float by more than the tolerance.
    """
    arguments = _arguments(inputs, texts, of_vectors=module.run.dataset.vectors is not None)
    differences = {}
    for name, function in module.signatures_by_name.items():
        expected, outputs = function(*arguments[name].values()), loaded.signatures[name](**arguments[name])
        differences[name] = max(_difference(outputs[output], expected[output]) for output in expected)
        if not differences[name] <= TOLERANCE:
            raise UserError(
                f"A SavedModel must give the model's own outputs. Received: {differences[name]:.1e} "
                f"of difference in the signature {name}, more than {TOLERANCE:.0e}. Nothing is written."
            )
    return differences


def _arguments(
    inputs: NetworkInputs, texts: Sequence[str], *, of_vectors: bool
) -> dict[str, Mapping[str, tf.Tensor]]:
    """The arguments of each signature, in their order."""
    pixels, tags = inputs.image.astype(np.uint8), tf.constant(list(texts))
    encoded = {"vector": tf.constant(inputs.image), "tags": tags}
    if not of_vectors:
        encoded = {"image": tf.constant([_png(image) for image in pixels]), "tags": tags}
    return {
        "serving_default": encoded,
        "decoded": {"image": tf.constant(pixels), "tags": tags},
        "given_quantity": {**encoded, "quantity": tf.range(len(inputs))},
        "top_k": {**encoded, "k": tf.constant(2)},
        "decide": {**encoded, **DecisionRequest.unchanged()._replace(most=tf.constant(2))._asdict()},
        "features": encoded,
        "network": {name: tf.constant(array) for name, array in inputs.as_mapping().items()},
    }


def _png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def _difference(values: tf.Tensor, reference: tf.Tensor) -> float:
    """The largest relative difference of floats; 0 or inf for strings, booleans and integers."""
    if values.dtype in (tf.string, tf.bool, tf.int32):
        return 0.0 if np.array_equal(values.numpy(), reference.numpy()) else np.inf
    return relative_difference(values.numpy(), reference.numpy())
