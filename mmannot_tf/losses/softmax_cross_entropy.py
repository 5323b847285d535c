"""The multi-label softmax loss of Gong et al., "Deep Convolutional Ranking for Multilabel Image Annotation".

ICLR 2014, arXiv 1312.4894.
"""

import tensorflow as tf


def softmax_cross_entropy(targets: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """J = -Σ_j p̄_j log p_j, p the softmax over the labels and p̄ = y / c+; one value an example.

    Each of an image's c+ labels has the target 1 / c+. An image without labels costs nothing.

    Args:
        targets: y, multi-hot `[B, C]`.
        logits: f, `[B, C] float32`.

    Returns:
        `[B] float32`, finite for any finite logits.
    """
    y = tf.cast(targets, logits.dtype)
    p_bar = tf.math.divide_no_nan(y, tf.reduce_sum(y, axis=-1, keepdims=True))
    # Not tf.nn.softmax_cross_entropy_with_logits: its gradient is p - p̄ even where all of p̄ is 0.
    return -tf.reduce_sum(p_bar * tf.nn.log_softmax(logits), axis=-1)
