"""Losses of the four branches (Sec. III-D) and of the compared systems, for `model.compile` and our loop.

Each is a `keras.losses.Loss`. Called, it reduces to a scalar as Keras does; its `call` gives the loss of each
example, `[B]`, which our loop sums itself. A target below 0 is unknown, and left out (`losses.targets`).
"""

from mmannot_tf.losses.asymmetric import AsymmetricLoss
from mmannot_tf.losses.quantity_error import QuantityError
from mmannot_tf.losses.sigmoid_cross_entropy import SigmoidCrossEntropy
from mmannot_tf.losses.softmax_cross_entropy import SoftmaxCrossEntropy
from mmannot_tf.losses.summed import SummedLoss
from mmannot_tf.losses.warp import Warp

__all__ = [
    "AsymmetricLoss",
    "QuantityError",
    "SigmoidCrossEntropy",
    "SoftmaxCrossEntropy",
    "SummedLoss",
    "Warp",
]
