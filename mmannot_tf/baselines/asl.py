"""ASL: the linear classifier trained with the asymmetric loss. Later work, not in the paper's tables.

Ridnik et al., "Asymmetric Loss For Multi-Label Classification" (ICCV 2021, arXiv 2009.14119).
"""

import keras

from mmannot_tf.baselines.method import (
    Method,
    PerExampleLoss,
    Sizes,
    features_and_labels,
    loss_of_labels,
    sigmoid_scores,
)
from mmannot_tf.config.methods import Asl
from mmannot_tf.losses.asymmetric import AsymmetricLoss
from mmannot_tf.models.classifier import build_classifier


def build(sizes: Sizes, _: Asl) -> keras.Model:
    """A logit for each label from the feature: `[B, D]` to `[B, C]`."""
    return build_classifier(sizes.features[0], sizes.labels, name="asl")


def loss(settings: Asl) -> PerExampleLoss:
    """The asymmetric loss, summed over the labels."""
    return loss_of_labels(AsymmetricLoss(settings.gamma_negative, settings.gamma_positive, settings.margin))


METHOD = Method(
    name="asl",
    citation="Ridnik et al., ICCV 2021, arXiv 2009.14119 (later work)",
    reads="image",
    predicts_quantity=False,
    differs=(
        "one layer on the feature of this run's fine-tuned CNN; there a TResNet is trained whole",
        "the gradient also flows through the focusing weights, as in the paper; the authors' code stops it",
        "this run's optimizer, at a constant rate; there Adam with a one-cycle rate",
    ),
    build=build,
    loss=loss,
    prepare=features_and_labels,
    scores=sigmoid_scores,
)
