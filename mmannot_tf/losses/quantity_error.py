"""The quantity regressor's loss, eq. 5."""

import keras
import tensorflow as tf

from mmannot_tf.losses.targets import check_shapes, known_and_given


@keras.saving.register_keras_serializable(package="mmannot_tf")
class QuantityError(keras.losses.Loss):
    """L_2 = (m̂ - m)², eq. 5.

    Args:
        reduction: over the examples, as in `keras.losses.Loss`.
        name: of the loss.

    Example:
        >>> mmannot_tf.losses.QuantityError().call(np.array([3.0]), np.array([2.5])).numpy()
        array([0.25])
    """

    def __init__(self, *, reduction: str | None = "sum_over_batch_size", name: str | None = "quantity_error"):
        super().__init__(name=name, reduction=reduction)

    def call(self, y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
        """Computes the loss of each example.

        Args:
            y_true: m, the true quantities, `[B]`, or `[B, 1]` as a Dense layer outputs them; below 0 where m
                is unknown, which is left out.
            y_pred: m̂, likewise, float32.

        Returns:
            `[B] float32`.
        """
        for name, quantity in (("y_true", y_true), ("y_pred", y_pred)):
            if tuple(quantity.shape)[1:] not in ((), (1,)):
                raise ValueError(
                    f"{name} must be one number an image, [B] or [B, 1]. Received: {tuple(quantity.shape)}"
                )
        m, predicted = (keras.ops.reshape(quantity, [-1]) for quantity in (y_true, y_pred))
        check_shapes(m, predicted)
        known, m = known_and_given(m, predicted)
        return keras.ops.where(known, keras.ops.square(predicted - m), 0.0)
