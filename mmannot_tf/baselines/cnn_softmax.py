"""CNN+softmax: one softmax over the labels of an image, which share the target.

Gong et al., "Deep Convolutional Ranking for Multilabel Image Annotation" (ICLR 2014, arXiv 1312.4894),
where it is the softmax baseline.
"""

import keras

from mmannot_tf.baselines.method import Method, PerExampleLoss, Sizes, features_and_labels, loss_of_labels
from mmannot_tf.config.methods import CnnSoftmax
from mmannot_tf.losses.softmax_cross_entropy import SoftmaxCrossEntropy
from mmannot_tf.models.classifier import build_classifier


def build(sizes: Sizes, _: CnnSoftmax) -> keras.Model:
    """A logit for each label from the feature: `[B, D]` to `[B, C]`."""
    return build_classifier(sizes.features[0], sizes.labels, name="cnn_softmax")


def loss(_: CnnSoftmax) -> PerExampleLoss:
    """Cross-entropy to 1 / c+ on each of an image's c+ labels."""
    return loss_of_labels(SoftmaxCrossEntropy())


def scores(network: keras.Model, _: CnnSoftmax) -> keras.Model:
    """The softmax over the labels, `[B, C]`; a row sums to 1."""
    probabilities = keras.ops.softmax(network.output)
    return keras.Model(network.input, probabilities, name=f"{network.name}_scores")


METHOD = Method(
    name="cnn_softmax",
    citation="Gong et al., ICLR 2014, arXiv 1312.4894",
    reads="image",
    predicts_quantity=False,
    differs=("one layer on the feature of this run's fine-tuned CNN; there an AlexNet is trained whole",),
    build=build,
    loss=loss,
    prepare=features_and_labels,
    scores=scores,
)
