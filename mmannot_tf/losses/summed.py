"""Several losses of one network, summed: for stages that predict more than one thing."""

import functools
from collections.abc import Mapping
from typing import Self

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="mmannot_tf")
class SummedLoss(keras.losses.Loss):
    """L = L_1 + L_2 for joint training (ours; the paper trains the two apart).

    Both have the weight 1: the equations state no weights. With eq. 4 summed over the labels, as it is
    printed, L_1 is the larger for most of the training; `training.loss_reduction = "mean"` makes it C times
    smaller. `model.compile` calls a loss once for each output and sums itself: give it `losses` instead.

    Args:
        losses: output → its loss, equations 4 and 5.
        reduction: over the examples, as in `keras.losses.Loss`.
        name: of the loss.

    Example:
        >>> from mmannot_tf import losses
        >>> summed = losses.SummedLoss(
        ...     {"labels": losses.SigmoidCrossEntropy(), "quantity": losses.QuantityError()}
        ... )
        >>> y_true = {"labels": np.array([[1.0, 0.0]]), "quantity": np.array([1.0])}
        >>> y_pred = {"labels": np.zeros((1, 2), "float32"), "quantity": np.array([3.0])}
        >>> round(float(summed.call(y_true, y_pred)[0]), 2)
        5.39
    """

    def __init__(
        self,
        losses: Mapping[str, keras.losses.Loss],
        *,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "summed_loss",
    ):
        super().__init__(name=name, reduction=reduction)
        self.losses = dict(losses)
        if not self.losses or not all(isinstance(loss, keras.losses.Loss) for loss in self.losses.values()):
            raise ValueError(
                "losses must name the Keras loss of each output, at least one. "
                f"Received: losses={self.losses!r}"
            )

    def call(self, y_true: Mapping[str, tf.Tensor], y_pred: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Computes the loss of each example.

        Args:
            y_true: output → true values, `[B, …]`.
            y_pred: output → predicted values, `[B, …] float32`.

        Returns:
            `[B] float32`.
        """
        losses = [loss.call(y_true[name], y_pred[name]) for name, loss in self.losses.items()]
        return functools.reduce(keras.ops.add, losses)

    def get_config(self) -> dict[str, object]:
        """The arguments that make an equal loss."""
        return {**super().get_config(), "losses": keras.saving.serialize_keras_object(self.losses)}

    @classmethod
    def from_config(cls, config: dict[str, object]) -> Self:
        """Makes an equal loss from `get_config`."""
        return cls(**{**config, "losses": keras.saving.deserialize_keras_object(config["losses"])})
