"""A moving average of the trained weights, which stands for them in validation and in what a stage keeps."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from mmannot_tf.config.settings import TrainingSettings
from mmannot_tf.training.loop.weight_decay import PRINTED


@dataclass(frozen=True)
class WeightAverage:
    """The moving average a ← d a + (1 - d) w of all weights that a stage trains.

    Attributes:
        decay: d; 0 for no average.
        trained: the variables w.
        averages: the variables a, one for each; empty without an average.
        updates: n, the number of updates so far: their decay is min(d, (1 + n) / (10 + n)), as
            tf.train.ExponentialMovingAverage with `num_updates` has it; None for d from the first update on.
    """

    decay: float
    trained: Sequence[Any]
    averages: Sequence[tf.Variable] = ()
    updates: tf.Variable | None = None

    @property
    def variables(self) -> list[tf.Variable]:
        """What a checkpoint must hold."""
        return [*self.averages, *([] if self.updates is None else [self.updates])]

    def after_step(self) -> None:
        """Updates the averages, after the optimizer's update."""
        if not self.averages:
            return
        decay: Any = self.decay
        if self.updates is not None:
            count = tf.cast(self.updates, tf.float32)
            decay = tf.minimum(decay, (1.0 + count) / (10.0 + count))
            self.updates.assign_add(1)
        for average, variable in zip(self.averages, self.trained, strict=True):
            average.assign(decay * average + (1.0 - decay) * variable.value)

    @contextlib.contextmanager
    def evaluated(self) -> Iterator[None]:
        """Sets the variables to their averages within the context."""
        if not self.averages:
            yield
            return
        training = [variable.numpy() for variable in self.trained]
        _assign(self.trained, self.averages)
        try:
            yield
        finally:
            _assign(self.trained, training)


def weight_average(training: TrainingSettings, trained: Sequence[keras.Variable]) -> WeightAverage:
    """The average that a configuration asks for; call it inside the strategy's scope: it creates variables.

    Args:
        training: `average_decay`, or a reading of the weight decay that averages.
        trained: the variables that the stage trains.
    """
    averaging = training.weight_decay in ("ema", "ema_num_updates")
    decay = PRINTED if averaging else training.average_decay
    if decay is None:
        return WeightAverage(0.0, trained)
    averages = [tf.Variable(variable.value) for variable in trained]
    updates = None if training.weight_decay == "ema" else tf.Variable(0, dtype=tf.int64)
    return WeightAverage(decay, trained, averages, updates)


def _assign(variables: Sequence[Any], values: Sequence[Any]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
