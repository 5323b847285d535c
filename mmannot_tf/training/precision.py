"""Mixed precision: what training computes in 16 bits, and what in float32.

Variables (weights, batch-norm statistics, moments, averages) are always float32, and so are the pixels up to
the network's first layer, batch norm's own arithmetic, the heads' logits and quantities, losses, weight decay
and updates. Only the layers' products and sums, and the maps between layers, have 16 bits. Features,
predictions and exports are always computed in float32 from the trained weights.
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

POLICIES: Mapping[str, str] = {
    "float32": "float32",
    "float16": "mixed_float16",
    "bfloat16": "mixed_bfloat16",
}
"""`training.precision` → Keras' dtype policy."""


@contextlib.contextmanager
def computing_in(precision: str) -> Iterator[None]:
    """Layers that are made within the context compute in `precision`, a key of `POLICIES`."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(POLICIES[precision])
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def in_float32(outputs: Any) -> Any:
    """Casts a network's floating-point outputs, a tensor or a structure of tensors, to float32."""
    return tf.nest.map_structure(
        lambda tensor: tf.cast(tensor, tf.float32) if tensor.dtype.is_floating else tensor, outputs
    )


def loss_scaled(optimizer: keras.optimizers.Optimizer, precision: str) -> keras.optimizers.Optimizer:
    """The optimizer for a precision: float16's range needs scaled losses (Micikevicius et al. 2018, 3.2).

    By Keras' defaults the scale starts at 2¹⁵ and doubles after 2,000 steps with finite gradients; a gradient
    that is not finite halves it and skips the step. bfloat16 has the range of float32 and needs no scale.
    """
    return keras.optimizers.LossScaleOptimizer(optimizer) if precision == "float16" else optimizer


def finite_together(gradients: Sequence[tf.Tensor]) -> list[tf.Tensor]:
    """A replica's gradients, or NaN on all replicas if one replica's gradients are not finite.

    Keras' LossScaleOptimizer checks each replica's gradients before it sums them (3.15). Without this, one
    replica's overflow would reach the weights, or leave processes waiting for each other.
    """
    context = tf.distribute.get_replica_context()
    overflown = [tf.reduce_any(~tf.math.is_finite(gradient)) for gradient in gradients]
    anywhere = context.all_reduce("SUM", tf.cast(tf.reduce_any(tf.stack(overflown)), tf.float32)) > 0
    return [tf.where(anywhere, float("nan"), gradient) for gradient in gradients]
