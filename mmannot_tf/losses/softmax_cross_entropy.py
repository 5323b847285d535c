"""The multi-label softmax loss of Gong et al., "Deep Convolutional Ranking for Multilabel Image Annotation".

ICLR 2014, arXiv 1312.4894.
"""

import keras
import tensorflow as tf

from mmannot_tf.losses.targets import check_shapes, known_and_given

IMPOSSIBLE = -1e30
"""A logit whose probability is 0, and whose logarithm is finite."""


@keras.saving.register_keras_serializable(package="mmannot_tf")
class SoftmaxCrossEntropy(keras.losses.Loss):
    """J = -Σ_j p̄_j log p_j, p the softmax over the labels and p̄ = y / c+ (Gong et al., Sec. 3.1).

    Each of an image's c+ labels has the target 1 / c+. The loss of an image without labels is 0.

    Args:
        reduction: over the examples, as in `keras.losses.Loss`.
        name: of the loss.

    Example:
        >>> loss = mmannot_tf.losses.SoftmaxCrossEntropy()
        >>> loss.call(np.array([[1.0, 0.0]]), np.zeros((1, 2), "float32")).numpy()
        array([0.6931472], dtype=float32)
    """

    def __init__(
        self, *, reduction: str | None = "sum_over_batch_size", name: str | None = "softmax_cross_entropy"
    ):
        super().__init__(name=name, reduction=reduction)

    def call(self, y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
        """Computes the loss of each example.

        Args:
            y_true: y, multi-hot `[B, C]`; below 0 where it is unknown: such labels are not in the softmax.
            y_pred: f, logits `[B, C] float32`.

        Returns:
            `[B] float32`, finite for any finite logits.
        """
        check_shapes(y_true, y_pred)
        known, y = known_and_given(y_true, y_pred)
        p_bar = keras.ops.divide_no_nan(y, keras.ops.sum(y, axis=-1, keepdims=True))
        # Not keras.ops.categorical_crossentropy: its gradient is p - p̄ even where all of p̄ is 0.
        log_p = keras.ops.log_softmax(keras.ops.where(known, y_pred, IMPOSSIBLE))
        return -keras.ops.sum(p_bar * log_p, axis=-1)
