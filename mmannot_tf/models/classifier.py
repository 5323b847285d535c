"""The multi-class classifier (Sec. III-C): one fully connected layer."""

import keras

from mmannot_tf.layers.arguments import whole_number
from mmannot_tf.layers.feature_standardization import FeatureStandardization


def build_classifier(
    feature_size: int, labels: int, *, standardized: bool = False, name: str = "classifier"
) -> keras.Model:
    """A branch from features to a logit for each label; losses and annotators apply the sigmoid.

    The kernel starts Glorot uniform, the bias at zero: a probability of one half for each label.

    Args:
        feature_size: D, of f_v, f_t or the joint feature.
        labels: C, the number of labels.
        standardized: a layer "standardization" before it subtracts a mean and divides by a deviation, which
            its `adapt(features)` takes from training features (ours).
        name: of the branch: "classifier", or "probe" for the temporary head of a training stage.

    Returns:
        A model from `[B, D] float32` to logits `[B, C] float32`.

    Raises:
        ValueError: a size is no whole number of at least 1.

    Example:
        >>> mmannot_tf.build_classifier(256, 81, name="classifier").output_shape
        (None, 81)
    """
    features = keras.Input((whole_number("feature_size", feature_size, least=1),), name="features")
    labels = whole_number("labels", labels, least=1)
    logits = keras.layers.Dense(labels, kernel_initializer="glorot_uniform", dtype="float32", name="logits")
    inputs = FeatureStandardization(name="standardization")(features) if standardized else features
    return keras.Model(features, logits(inputs), name=name)
