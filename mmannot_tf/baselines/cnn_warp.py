"""CNN+WARP: the labels of an image ranked above all others, the top of the list first.

Gong et al., "Deep Convolutional Ranking for Multilabel Image Annotation" (ICLR 2014, arXiv 1312.4894).
"""

import keras

from mmannot_tf.baselines.method import Method, PerExampleLoss, Sizes, features_and_labels, loss_of_labels
from mmannot_tf.config.methods import CnnWarp
from mmannot_tf.losses.warp import Warp
from mmannot_tf.models.classifier import build_classifier


def build(sizes: Sizes, _: CnnWarp) -> keras.Model:
    """A score f for each label from the feature: `[B, D]` to `[B, C]`."""
    return build_classifier(sizes.features[0], sizes.labels, name="cnn_warp")


def loss(settings: CnnWarp) -> PerExampleLoss:
    """The weighted approximate ranking loss."""
    return loss_of_labels(Warp(settings.rank))


def scores(network: keras.Model, _: CnnWarp) -> keras.Model:
    """The scores f as they are, `[B, C]`: a ranking has no probabilities."""
    return keras.Model(network.input, network.output, name=f"{network.name}_scores")


METHOD = Method(
    name="cnn_warp",
    citation="Gong et al., ICLR 2014, arXiv 1312.4894",
    reads="image",
    predicts_quantity=False,
    differs=(
        "one layer on the feature of this run's fine-tuned CNN; there an AlexNet is trained whole",
        "the sampled rank's number of trials is drawn from its distribution, not by trying",
    ),
    build=build,
    loss=loss,
    prepare=features_and_labels,
    scores=scores,
)
