"""Weights of keras.applications, through Keras' own cache. No TensorFlow at module level."""

import contextlib
import sys

import numpy as np

from mmannot_tf.weights.assignment import named_variables


def downloaded(function: str) -> dict[str, np.ndarray]:
    """The tensors of a model without its head, "layer/variable" to values.

    Args:
        function: of keras.applications, as "ResNet50". Keras checks the file's digest.

    Raises:
        Exception: the download failed; Keras raises no narrower type.
    """
    import keras

    with contextlib.redirect_stdout(sys.stderr):  # Keras prints its progress bar to stdout
        model = getattr(keras.applications, function)(weights="imagenet", include_top=False)
    return {name: variable.numpy() for name, variable in named_variables(model).items()}
