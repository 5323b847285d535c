"""A model over a split: batches in, arrays out."""

from typing import Any

import keras
import tensorflow as tf


def outputs(model: keras.Model, batches: tf.data.Dataset) -> Any:
    """Runs `model` in inference mode over (inputs, targets) batches.

    Returns:
        Its output, or dict of outputs, as float32 arrays [N, …] in the batches' order.
    """
    return model.predict(batches.map(lambda inputs, _: inputs), verbose=0)
