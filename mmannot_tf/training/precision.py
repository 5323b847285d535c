"""Mixed precision: what a training computes in 16 bits, and what it keeps in float32.

Variables (weights, batch-norm statistics, moments, averages) are always float32, and so are the pixels up to
the network's first layer, batch norm's own arithmetic, the heads' logits and quantities, losses, weight decay
and updates. Only the layers' products and sums, and the maps between layers, are of 16 bits. Features,
predictions and exports are computed in float32 from the trained weights, whatever they were trained in.
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
    """Layers made within compute in `precision`, a key of `POLICIES`."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(POLICIES[precision])
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def in_float32(outputs: Any) -> Any:
    """A network's outputs, a tensor or a structure of them, with those of 16 bits as float32."""
    return tf.nest.map_structure(
        lambda one: tf.cast(one, tf.float32) if one.dtype.is_floating else one, outputs
    )


def loss_scaled(optimizer: keras.optimizers.Optimizer, precision: str) -> keras.optimizers.Optimizer:
    """The optimizer for a precision: float16's range needs scaled losses (Micikevicius et al. 2018, 3.2).

    The scale starts at 2¹⁵, doubles after 2,000 steps of finite gradients, and where one is not finite it
    halves and the step is left out: Keras' defaults. bfloat16 has the range of float32 and needs none.
    """
    return keras.optimizers.LossScaleOptimizer(optimizer) if precision == "float16" else optimizer


def finite_together(gradients: Sequence[tf.Tensor]) -> list[tf.Tensor]:
    """In a replica's step: its gradients, or NaN on all replicas where one of them has what is not finite.

    Keras' LossScaleOptimizer looks at each replica's own gradients before they are summed (3.15): one
    replica's overflow would otherwise reach the weights, or leave processes waiting for each other.
    """
    context = tf.distribute.get_replica_context()
    overflown = [tf.reduce_any(~tf.math.is_finite(one)) for one in gradients]
    anywhere = context.all_reduce("SUM", tf.cast(tf.reduce_any(tf.stack(overflown)), tf.float32)) > 0
    return [tf.where(anywhere, float("nan"), one) for one in gradients]
