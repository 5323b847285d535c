"""CNN+logistic: one logistic regression a label on the fixed CNN feature.

The row of Tables III and IV is that of Hu et al., "Learning Structured Inference Neural Networks with Label
Relations" (CVPR 2016, arXiv 1511.05616), where it is the baseline.
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
from mmannot_tf.config.methods import CnnLogistic
from mmannot_tf.losses.sigmoid_cross_entropy import SigmoidCrossEntropy
from mmannot_tf.models.classifier import build_classifier


def build(sizes: Sizes, _: CnnLogistic) -> keras.Model:
    """A logit for each label from the feature: `[B, D]` to `[B, C]`."""
    return build_classifier(sizes.features[0], sizes.labels, name="cnn_logistic")


def loss(_: CnnLogistic) -> PerExampleLoss:
    """Sigmoid cross-entropy, summed over the labels."""
    return loss_of_labels(SigmoidCrossEntropy("sum"))


METHOD = Method(
    name="cnn_logistic",
    citation="Hu et al., CVPR 2016, arXiv 1511.05616 (there the baseline)",
    reads="image",
    predicts_quantity=False,
    differs=("the feature is this run's fine-tuned CNN's; there it is an ImageNet CNN's, not fine-tuned",),
    build=build,
    loss=loss,
    prepare=features_and_labels,
    scores=sigmoid_scores,
)
