"""The multi-class classifier (Sec. III-C): one fully connected layer."""

import keras
import numpy as np

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


def start_at_frequencies(network: keras.Model, logits: keras.layers.Layer, labels: np.ndarray) -> None:
    """Starts the dense layer of a new classifier at each label's frequency among the training images.

    The biases become the log odds of (c + 1/2) / (N + 1), where c of N images have a label. From a bias of
    zero a rare label's probability falls like 1 / (rate · steps): a short training leaves all rare labels
    equally probable. Lin et al. (2017, arXiv 1708.02002, Sec. 3.3) start all biases at one small prior.

    A kernel that trains alone becomes zero, too: the loss is convex, and a random kernel takes long to
    unlearn. Layers below a kernel of zero would get no gradient.

    Args:
        network: that trains.
        logits: its layer with a unit for each label, as "logits" of `build_classifier`.
        labels: of the training images, multi-hot `[N, C]`; below 0 where it is unknown. N is, for each label,
            the number of images where it is known.

    Example:
        >>> classifier = build_classifier(256, 2)
        >>> labels = np.array([[1, 0], [1, 0], [0, 0]])
        >>> start_at_frequencies(classifier, classifier.get_layer("logits"), labels)
        >>> classifier(np.ones((1, 256))).numpy().round(3)
        array([[ 0.511, -1.946]], dtype=float32)
    """
    positive = np.count_nonzero(labels > 0, axis=0) + 0.5
    known = np.count_nonzero(labels >= 0, axis=0)
    logits.bias.assign(np.log(positive / (known + 1 - positive)))
    if len(network.trainable_weights) == len(logits.trainable_weights):
        logits.kernel.assign(np.zeros(logits.kernel.shape))
