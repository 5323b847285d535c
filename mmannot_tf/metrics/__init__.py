"""Keras metrics of annotations: the paper's seven numbers, for `model.compile`."""

from mmannot_tf.metrics.annotation import (
    ClassF1,
    ClassPrecision,
    ClassRecall,
    HarmonicF1,
    ImageF1,
    ImagePrecision,
    ImageRecall,
)

__all__ = [
    "ClassF1",
    "ClassPrecision",
    "ClassRecall",
    "HarmonicF1",
    "ImageF1",
    "ImagePrecision",
    "ImageRecall",
]
