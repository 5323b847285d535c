"""Keras metrics of annotations: the paper's seven numbers, for `model.compile`.

All take the same arguments. `k` selects the k labels with the best scores, `threshold` those with a score
above it. Give one of them where `y_pred` holds scores, and neither where it is a selection, such as the
annotator's output "selected". `dtype` is that of the result.
"""

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
