"""The weighted approximate ranking loss of Gong et al.

"Deep Convolutional Ranking for Multilabel Image Annotation", ICLR 2014, arXiv 1312.4894; after Weston
et al., "WSABIE", IJCAI 2011.
"""

from typing import Literal

import keras
import numpy as np
import tensorflow as tf

from mmannot_tf.losses.targets import check_shapes, known_and_given


@keras.saving.register_keras_serializable(package="mmannot_tf")
class Warp(keras.losses.Loss):
    """J = Σ_{j ∈ c+} Σ_{k ∈ c-} L(r_j) max(0, 1 - f_j + f_k), L(r) = Σ_{i ≤ r} 1/i (Gong et al., Sec. 3.3).

    A negative k violates the margin of a positive j where 1 - f_j + f_k > 0. The weights L(r_j) carry no
    gradient.

    The number of trials is geometric with p = violators / negatives, so it is drawn at once. The seed is
    made of the bits of all scores of the batch: the loss is a pure function, and a resumed run draws the same
    again. Keras has neither such bits nor such draws, so the loss needs TensorFlow.

    Args:
        rank: r_j. "exact": the number of violating negatives. "sampled": negatives are drawn, with
            replacement, until one violates, s times; r_j = floor((c - 1) / s) for c labels. The rank is 0
            where none violates, and where s > c - 1.
        reduction: over the examples, as in `keras.losses.Loss`.
        name: of the loss.

    Example:
        >>> scores = np.array([[1.0, 1.5, 0.5, -1.0]], "float32")
        >>> mmannot_tf.losses.Warp("exact").call(np.array([[1, 0, 0, 0]]), scores).numpy()
        array([3.], dtype=float32)
    """

    def __init__(
        self,
        rank: Literal["sampled", "exact"] = "sampled",
        *,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "warp",
    ):
        super().__init__(name=name, reduction=reduction)
        if rank not in ("sampled", "exact"):
            raise ValueError(f"rank must be 'sampled' or 'exact'. Received: rank={rank!r}")
        self.rank = rank

    def call(self, y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
        """Computes the loss of each example.

        Args:
            y_true: y, multi-hot `[B, C]`; below 0 where it is unknown: such labels are in no pair, and not
                among the c labels that ranks are counted in.
            y_pred: f, scores `[B, C] float32`.

        Returns:
            `[B] float32`; 0 for an image with no label or with all of them.
        """
        check_shapes(y_true, y_pred)
        known, y = known_and_given(y_true, y_pred)
        margins = 1.0 - y_pred[:, :, tf.newaxis] + y_pred[:, tf.newaxis, :]
        pairs = (y > 0)[:, :, tf.newaxis] & (known & (y == 0))[:, tf.newaxis, :]
        hinges = tf.where(pairs, tf.nn.relu(margins), 0.0)
        weights = rank_weights(self._ranks(known, y, hinges, y_pred), labels=y_pred.shape[-1])
        return tf.reduce_sum(tf.stop_gradient(weights) * tf.reduce_sum(hinges, axis=-1), axis=-1)

    def get_config(self) -> dict[str, object]:
        """The arguments that make an equal loss."""
        return {**super().get_config(), "rank": self.rank}

    def _ranks(self, known: tf.Tensor, y: tf.Tensor, hinges: tf.Tensor, scores: tf.Tensor) -> tf.Tensor:
        """Returns r_j, `[B, C] int32`, from `hinges[b, j, k]`; 0 for a j without violators."""
        violators = tf.math.count_nonzero(hinges, axis=-1, dtype=tf.int32)
        if self.rank == "exact":
            return violators
        labels = tf.math.count_nonzero(known, axis=-1, keepdims=True, dtype=tf.int32)
        negatives = labels - tf.math.count_nonzero(y > 0, axis=-1, keepdims=True, dtype=tf.int32)
        uniform = tf.random.stateless_uniform(tf.shape(violators), seed=seed_of(scores), alg="philox")
        return sampled_ranks(violators, negatives, labels=labels, uniform=uniform)


def rank_weights(ranks: tf.Tensor, *, labels: int) -> tf.Tensor:
    """L(r) = Σ_{i ≤ r} 1/i.

    Args:
        ranks: r, whole numbers from 0 to `labels`, any shape.
        labels: C.

    Returns:
        L(r), float32, in the shape of `ranks`.
    """
    harmonic = np.cumsum([0.0, *(1.0 / np.arange(1, labels + 1))])
    return tf.gather(tf.constant(harmonic, tf.float32), ranks)


def sampled_ranks(
    violators: tf.Tensor, negatives: tf.Tensor, *, labels: int | tf.Tensor, uniform: tf.Tensor
) -> tf.Tensor:
    """r_j = floor((c - 1) / s), s = max(1, ceil(log(1 - u) / log(1 - p))), p = violators / negatives.

    Args:
        violators: how many negatives violate each label's margin, `[B, C] int32`.
        negatives: how many there are, `[B, 1] int32`.
        labels: c, a number or `[B, 1] int32`.
        uniform: u, from [0, 1), `[B, C] float32`.

    Returns:
        `[B, C] int32`; 0 where nothing violates.
    """
    p = tf.math.divide_no_nan(tf.cast(violators, tf.float32), tf.cast(negatives, tf.float32))
    trials = tf.math.divide_no_nan(tf.math.log1p(-uniform), tf.math.log1p(-p))
    ranks = tf.floor(tf.cast(labels - 1, tf.float32) / tf.maximum(tf.math.ceil(trials), 1.0))
    return tf.where(violators > 0, tf.cast(ranks, tf.int32), 0)


def seed_of(scores: tf.Tensor) -> tf.Tensor:
    """A seed from the bits of float32 scores: `[2] int64`, equal for equal scores in the same order.

    Sums of whole numbers, so that no device's order of summation changes it.
    """
    bits = tf.cast(tf.reshape(tf.bitcast(scores, tf.int32), [-1]), tf.int64)
    return tf.stack([tf.reduce_sum(bits), tf.reduce_sum(bits * tf.range(1, tf.size(bits, tf.int64) + 1))])
