"""The signature `decide`: a request names a way to decide, and values of its parameters, in the graph.

TensorFlow has no missing values: "", NaN and -1 leave what the model was exported with. They are the defaults
of the SavedModel's signature, so that a request to TensorFlow Serving can leave them out.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import keras
import tensorflow as tf

from mmannot_tf.decisions.fitted import FittedWay
from mmannot_tf.decisions.fitted_ways import FittedWays
from mmannot_tf.decisions.override import IMPLIED, PAPER, overridden, parameters_of
from mmannot_tf.decisions.predicted_quantity import PredictedQuantity
from mmannot_tf.decisions.way import Scores
from mmannot_tf.serving.decisions import Decisions

NO_NUMBER = -1
"""Leaves `k`, `least` and `most` as they are."""


class DecisionRequest(NamedTuple):
    """The inputs of a request, scalars; see `decisions.override.Override`.

    Attributes:
        decision: the name of a way, or "paper"; "" for the default.
        threshold: NaN for the fitted one.
        k: -1 for the fitted one.
        least: -1 for the fitted one.
        most: -1 for no bound.
        beta: NaN for the fitted one.
    """

    decision: tf.Tensor
    threshold: tf.Tensor
    k: tf.Tensor
    least: tf.Tensor
    most: tf.Tensor
    beta: tf.Tensor

    @classmethod
    def unchanged(cls) -> "DecisionRequest":
        """Asks for nothing."""
        none, number = tf.constant(float("nan")), tf.constant(NO_NUMBER)
        return cls(tf.constant(""), none, number, number, number, none)

    @classmethod
    def function(
        cls,
        answer: Callable[[tf.Tensor, tf.Tensor, "DecisionRequest"], dict[str, tf.Tensor]],
        specs: Sequence[tf.TensorSpec],
    ) -> tf.types.experimental.PolymorphicFunction:
        """A function of two inputs and of a request's, with defaults, for a signature."""
        nothing = cls.unchanged()

        def decide(
            image: tf.Tensor,
            tags: tf.Tensor,
            decision: tf.Tensor = nothing.decision,
            threshold: tf.Tensor = nothing.threshold,
            k: tf.Tensor = nothing.k,
            least: tf.Tensor = nothing.least,
            most: tf.Tensor = nothing.most,
            beta: tf.Tensor = nothing.beta,
        ) -> dict[str, tf.Tensor]:
            return answer(image, tags, cls(decision, threshold, k, least, most, beta))

        scalars = [tf.TensorSpec([], value.dtype, name=name) for name, value in nothing._asdict().items()]
        return tf.function(decide, input_signature=[*specs, *scalars])

    def decide(self, outputs: Mapping[str, tf.Tensor], decisions: Decisions) -> tuple[tf.Tensor, tf.Tensor]:
        """The labels of each image, bool [B, C], and the probabilities as the way reads them, float32 [B, C].

        Args:
            outputs: of the network, with `tagged`, bool [B].
            decisions: the ways that there are.
        """
        with tf.control_dependencies(self._checks()):
            selected, calibrated = self._decided(outputs, decisions.tagged)
            if decisions.untagged is not None:
                of_visual = self._decided(outputs, decisions.untagged)
                tagged = outputs["tagged"][:, tf.newaxis]
                selected = tf.where(tagged, selected, of_visual[0])
                calibrated = tf.where(tagged, calibrated, of_visual[1])
        return selected, calibrated

    def _decided(self, outputs: Mapping[str, tf.Tensor], ways: FittedWays) -> tuple[tf.Tensor, tf.Tensor]:
        scores = Scores(outputs["probabilities"], outputs["predicted_quantity"])
        names = list(ways.by_name)
        is_named = tf.constant(names) == self._name(ways.default)
        able = [name for name in names if "beta" in parameters_of(ways.by_name[name].way)]
        has_beta = tf.reduce_any(tf.constant([name in able for name in names]) & is_named)
        checks = [
            tf.debugging.Assert(
                tf.reduce_any(is_named),
                [f"decision must be one of {', '.join(names)}. Received:", self.decision],
            ),
            tf.debugging.Assert(
                tf.math.is_nan(self.beta) | has_beta,
                [f"beta needs a way that maximises an expected F: {', '.join(able) or 'none is here'}."],
            ),
        ]
        with tf.control_dependencies(checks):
            place = tf.argmax(is_named, output_type=tf.int32)
        return tf.switch_case(place, [self._branch(way, scores) for way in ways.by_name.values()])

    def _name(self, default: str) -> tf.Tensor:
        """The name of the way: of the request, of the parameter that belongs to one way alone, or default."""
        name = tf.constant(default)
        for parameter, way in IMPLIED.items():
            name = tf.where(self._is_set(parameter), way, name)
        name = tf.where(self.decision == "", name, self.decision)
        return tf.where(name == PAPER, PredictedQuantity.name, name)

    def _is_set(self, name: str) -> tf.Tensor:
        value = getattr(self, name)
        return ~tf.math.is_nan(value) if value.dtype.is_floating else value != NO_NUMBER

    def _branch(self, fitted: FittedWay, scores: Scores) -> Callable[[], tuple[tf.Tensor, tf.Tensor]]:
        def decided() -> tuple[tf.Tensor, tf.Tensor]:
            values = {name: self._value(name, fitted) for name in ("threshold", "k", "least", "most", "beta")}
            way = overridden(fitted, values)
            return way.select(scores, keras.ops), fitted.probabilities(scores.probabilities, keras.ops)

        return decided

    def _value(self, name: str, fitted: FittedWay) -> tf.Tensor:
        """The request's value; the fitted one where it sets none; of a way without any, no bound."""
        neutral = {"threshold": 0.0, "k": 0, "least": 0, "most": fitted.classes, "beta": 1.0}[name]
        own = getattr(fitted.way, name, None)
        asked = getattr(self, name)
        return tf.where(self._is_set(name), asked, tf.cast(neutral if own is None else own, asked.dtype))

    def _checks(self) -> list[tf.Operation]:
        """That each value is within its range, and belongs to the way."""
        checks = [
            tf.debugging.assert_greater_equal(getattr(self, name), NO_NUMBER, f"{name} must be at least 0")
            for name in ("k", "least", "most")
        ]
        in_order = (self.most == NO_NUMBER) | (self.least <= self.most)
        is_probability = tf.math.is_nan(self.threshold) | ((self.threshold >= 0.0) & (self.threshold <= 1.0))
        gives_least = (self.k == NO_NUMBER) | (self.least <= self.k)
        in_range = tf.math.is_nan(self.beta) | ((self.beta >= 0.01) & (self.beta <= 100.0))
        checks += [
            tf.debugging.Assert(in_order, ["most must be at least least. Received:", self.most]),
            tf.debugging.Assert(
                is_probability, ["threshold must be a probability, from 0 to 1. Received:", self.threshold]
            ),
            tf.debugging.Assert(gives_least, ["k must not be below least. Received:", self.k]),
            tf.debugging.Assert(in_range, ["beta must be from 0.01 to 100. Received:", self.beta]),
        ]
        for parameter, way in IMPLIED.items():
            belongs = ~self._is_set(parameter) | (self._name(way) == way)
            checks.append(tf.debugging.Assert(belongs, [f"{parameter} belongs to {way} alone"]))
        return checks
