"""The paper's seven annotation metrics (equations 6 and 7, Sec. IV-A2) as Keras metrics, in percent.

Each counts over all batches of an epoch. Its result is that of `mmannot_tf.score` on all images at once.
"""

import math
import operator
from typing import Any

import keras
from keras import ops

COUNTS = "float32" if keras.backend.backend() == "jax" else "float64"
"""The type of counts: float32 stops counting at 2^24; JAX has no other by default."""


class AnnotationMetric(keras.metrics.Metric):
    """Counts the correct, predicted and true labels of each class over all images.

    Args:
        k: the number of best-scored labels to select.
        threshold: labels with a score above it are selected. Give `k` or `threshold` where `y_pred` holds
            scores, and neither where it is a selection, as the annotator's output "selected".
        name: of the metric; by default its own, such as "image_f1".
        dtype: of the result.

    Raises:
        ValueError: `k` and `threshold` are both given, `k` is no whole number of at least 1, or `threshold`
            is not finite.
    """

    default_name = "annotation_metric"

    def __init__(
        self,
        *,
        k: int | None = None,
        threshold: float | None = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(name=name or self.default_name, dtype=dtype)
        if k is not None and threshold is not None:
            raise ValueError(f"Give k or threshold, not both. Received: k={k}, threshold={threshold}")
        if k is not None and (isinstance(k, bool) or not hasattr(k, "__index__") or k < 1):
            raise ValueError(f"k must be a whole number of at least 1. Received: k={k}")
        if threshold is not None and not math.isfinite(threshold):
            raise ValueError(f"threshold must be finite. Received: threshold={threshold}")
        self.k, self.threshold = None if k is None else operator.index(k), threshold
        self._counts: dict[str, keras.Variable] = {}

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch.

        What cannot be checked while a graph is built makes the result NaN: scores that are NaN, and labels or
        a selection with other values than 0 and 1.

        Args:
            y_true: multi-hot true labels, [B, C]; -1 where nothing is known, which is left out.
            y_pred: scores, float [B, C], or a selection, bool or integers 0 and 1, [B, C].
            sample_weight: of each image, [B]; None counts every image once.

        Raises:
            ValueError: the shapes are not both [B, C], C is another than before, there is no target, `k` is
                larger than C, `y_pred` holds scores and neither `k` nor `threshold` was given, or the other
                way round.
        """
        if y_true is None:
            raise ValueError(
                f"The metric {self.name} needs multi-hot labels. Received: no target for its output"
            )
        y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
        sizes = zip(y_true.shape, y_pred.shape, strict=False)
        if len(y_true.shape) != 2 or len(y_pred.shape) != 2 or any(_differ(*pair) for pair in sizes):
            raise ValueError(
                "y_true and y_pred must both be [images, classes]. "
                f"Received: {tuple(y_true.shape)} and {tuple(y_pred.shape)}"
            )
        selected, labels = self._selected(y_pred), ops.cast(y_true, self.dtype)
        known = ops.cast(labels != -1, self.dtype)
        predicted = known * _zeros_and_ones(selected, self.dtype)
        true = _zeros_and_ones(known * labels, self.dtype)
        weights = 1.0
        if sample_weight is not None:
            weights = ops.reshape(ops.cast(sample_weight, self.dtype), (-1, 1))
            if _differ(weights.shape[0], y_pred.shape[0]):
                raise ValueError(
                    f"sample_weight must be one number an image, {y_pred.shape[0]} of them. "
                    f"Received: {weights.shape[0]}"
                )
        if not self._counts:
            shape = (y_pred.shape[-1],)
            names = ("correct", "predicted", "true")
            self._counts = {name: self.add_variable(shape, "zeros", COUNTS, name=name) for name in names}
        if self._counts["true"].shape != (y_pred.shape[-1],):
            raise ValueError(
                f"All batches must have the same classes, {self._counts['true'].shape[0]} of them. "
                f"Received: {y_pred.shape[-1]}"
            )
        batch = {"correct": predicted * true, "predicted": predicted, "true": true}
        for name, values in batch.items():
            self._counts[name].assign_add(ops.cast(ops.sum(weights * values, axis=0), COUNTS))

    def _selected(self, y_pred: Any) -> Any:
        are_scores = keras.backend.is_float_dtype(keras.backend.standardize_dtype(y_pred.dtype))
        if are_scores == (self.k is None and self.threshold is None):
            raise ValueError(
                f"{self.name} must get scores if it has k or threshold, else a selection (bool, or 0 and 1). "
                f"Received: k={self.k}, threshold={self.threshold}, dtype={y_pred.dtype}. Give k=3 for "
                "scores; for the annotator's decision attach the metric without k to the output 'selected'."
            )
        if self.k is None:
            return y_pred if self.threshold is None else _unless_nan(y_pred, y_pred > self.threshold)
        classes = y_pred.shape[-1]
        if self.k > classes:
            raise ValueError(f"k must be at most the number of classes, {classes}. Received: k={self.k}")
        best = ops.top_k(y_pred, self.k)[1]
        return _unless_nan(y_pred, ops.sum(ops.one_hot(best, classes), axis=-2))

    def result(self) -> Any:
        """The metric over all images so far, a scalar; 0 before the first batch."""
        if not self._counts:
            return ops.zeros((), self.dtype)
        return ops.cast(100.0 * self.of_counts(**self._counts), self.dtype)

    @staticmethod
    def of_counts(correct: Any, predicted: Any, true: Any) -> Any:
        """The metric from the counts of each class, [C] each, from 0 to 1."""
        raise NotImplementedError

    def reset_state(self) -> None:
        """Forgets all batches."""
        for count in self._counts.values():
            count.assign(ops.zeros_like(count))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric."""
        return {**super().get_config(), "k": self.k, "threshold": self.threshold}


def _differ(size: int | None, other: int | None) -> bool:
    """Whether two sizes are known and not equal."""
    return None not in (size, other) and size != other


def _unless_nan(scores: Any, selected: Any) -> Any:
    """The selection as numbers; NaN where a score is."""
    return ops.where(ops.isnan(scores), float("nan"), ops.cast(selected, "float32"))


def _zeros_and_ones(values: Any, dtype: str) -> Any:
    """Bool or numbers as numbers; NaN where they are neither 0 nor 1."""
    numbers = ops.cast(values, dtype)
    return ops.where(ops.logical_or(numbers == 0, numbers == 1), numbers, float("nan"))


def _ratio(numerator: Any, denominator: Any) -> Any:
    """Element by element, 0/0 as 0."""
    return ops.where(denominator == 0, 0.0, numerator / ops.where(denominator == 0, 1.0, denominator))


def _harmonic_mean(a: Any, b: Any) -> Any:
    return _ratio(2.0 * a * b, a + b)


@keras.saving.register_keras_serializable(package="mmannot_tf")
class ClassPrecision(AnnotationMetric):
    """C-P: the mean over classes of the share of predictions that are right."""

    default_name = "class_precision"

    @staticmethod
    def of_counts(correct: Any, predicted: Any, true: Any) -> Any:
        """The metric from the counts of each class, [C] each, from 0 to 1."""
        return ops.mean(_ratio(correct, predicted))


@keras.saving.register_keras_serializable(package="mmannot_tf")
class ClassRecall(AnnotationMetric):
    """C-R: the mean over classes with a true label of the share of these that are found."""

    default_name = "class_recall"

    @staticmethod
    def of_counts(correct: Any, predicted: Any, true: Any) -> Any:
        """The metric from the counts of each class, [C] each, from 0 to 1."""
        present = ops.sum(ops.cast(true > 0, true.dtype))
        return _ratio(ops.sum(_ratio(correct, true)), present)


@keras.saving.register_keras_serializable(package="mmannot_tf")
class ClassF1(AnnotationMetric):
    """C-F1: the harmonic mean of C-P and C-R."""

    default_name = "class_f1"

    @staticmethod
    def of_counts(correct: Any, predicted: Any, true: Any) -> Any:
        """The metric from the counts of each class, [C] each, from 0 to 1."""
        counts = (correct, predicted, true)
        return _harmonic_mean(ClassPrecision.of_counts(*counts), ClassRecall.of_counts(*counts))


@keras.saving.register_keras_serializable(package="mmannot_tf")
class ImagePrecision(AnnotationMetric):
    """I-P: the share of all predicted labels that are right; later papers call it OP."""

    default_name = "image_precision"

    @staticmethod
    def of_counts(correct: Any, predicted: Any, true: Any) -> Any:
        """The metric from the counts of each class, [C] each, from 0 to 1."""
        return _ratio(ops.sum(correct), ops.sum(predicted))


@keras.saving.register_keras_serializable(package="mmannot_tf")
class ImageRecall(AnnotationMetric):
    """I-R: the share of all true labels that are found; later papers call it OR."""

    default_name = "image_recall"

    @staticmethod
    def of_counts(correct: Any, predicted: Any, true: Any) -> Any:
        """The metric from the counts of each class, [C] each, from 0 to 1."""
        return _ratio(ops.sum(correct), ops.sum(true))


@keras.saving.register_keras_serializable(package="mmannot_tf")
class ImageF1(AnnotationMetric):
    """I-F1: the harmonic mean of I-P and I-R; later papers call it OF1."""

    default_name = "image_f1"

    @staticmethod
    def of_counts(correct: Any, predicted: Any, true: Any) -> Any:
        """The metric from the counts of each class, [C] each, from 0 to 1."""
        counts = (correct, predicted, true)
        return _harmonic_mean(ImagePrecision.of_counts(*counts), ImageRecall.of_counts(*counts))


@keras.saving.register_keras_serializable(package="mmannot_tf")
class HarmonicF1(AnnotationMetric):
    """H-F1: the harmonic mean of C-F1 and I-F1 (equation 7)."""

    default_name = "harmonic_f1"

    @staticmethod
    def of_counts(correct: Any, predicted: Any, true: Any) -> Any:
        """The metric from the counts of each class, [C] each, from 0 to 1."""
        counts = (correct, predicted, true)
        return _harmonic_mean(ClassF1.of_counts(*counts), ImageF1.of_counts(*counts))
