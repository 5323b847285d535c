"""One step of training, the same for every stage and every tf.distribute strategy."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from mmannot_tf.training.dropout_seeds import apart, seeds_of
from mmannot_tf.training.optimization import WeightDecay
from mmannot_tf.training.precision import finite_together, in_float32


class Step:
    """A batch in, one update of the weights, the sum of its examples' losses out.

    With R replicas, each computes its rows of the batch: the objective is Σ loss / B + penalty / R, B the
    configured batch size, and Keras' optimizers sum the gradients over the replicas. So the update is that of
    one device, where R is 1, whatever R is and however few rows the last batch has.
    """

    def __init__(
        self,
        strategy: tf.distribute.Strategy,
        model: keras.Model,
        *,
        loss: Callable[[Any, Any], tf.Tensor],
        batch_size: int,
        optimizer: keras.optimizers.Optimizer,
        decay: WeightDecay,
        factors: Sequence[float],
        jit_compile: bool = False,
    ):
        """Prepares; nothing is traced yet.

        Args:
            strategy: in whose scope the model and the optimizer were built.
            model: what is trained.
            loss: (targets, outputs) → loss of each example [B].
            batch_size: B, over all replicas.
            optimizer: built on the model's trainable variables.
            decay: of the same variables.
            factors: on the learning rate of each of them.
            jit_compile: XLA compiles the passes forward and back; the update stays outside.
        """
        self._strategy, self._model, self._loss = strategy, model, loss
        self._batch_size, self._optimizer, self._decay = batch_size, optimizer, decay
        self._factors = factors
        self._overflows = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
        self._passes: Any = (
            tf.function(self._there_and_back, jit_compile=True) if jit_compile else self._there_and_back
        )
        self._traced: Any = tf.function(self._on_all)
        self._prepared = False

    def prepare(self, element_spec: Any) -> None:
        """Tells the batches' shapes with their first size open, before the first call; once is enough.

        So a smaller last batch is not traced anew. Processes must trace at the same time: a retracing of one
        alone would give its all-reduces other keys than the others'.
        """
        if not self._prepared:
            self._traced = tf.function(self._on_all, input_signature=[element_spec])
            self._prepared = True

    def __call__(self, batch: Any) -> tf.Tensor:
        """Takes the step on (inputs, targets); the sum of the losses, float32 scalar."""
        return self._traced(batch)

    def _on_all(self, batch: Any) -> tf.Tensor:
        return self._strategy.reduce("SUM", self._strategy.run(self._replica, args=batch), axis=None)

    def _replica(self, inputs: Any, targets: Any) -> tf.Tensor:
        loss, gradients = self._passes(inputs, targets)
        scaled = [factor * one for factor, one in zip(self._factors, gradients, strict=True)]
        if self._overflows and self._strategy.num_replicas_in_sync > 1:
            scaled = finite_together(scaled)
        self._optimizer.apply(scaled, self._model.trainable_variables)
        self._decay.after_step()
        return loss

    def _there_and_back(self, inputs: Any, targets: Any) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """A replica's sum of losses, and the gradients of its objective, times the loss scale if any."""
        replicas = self._strategy.num_replicas_in_sync
        with apart(seeds_of(self._model), replicas), tf.GradientTape() as tape:
            losses = self._loss(targets, in_float32(self._model(inputs, training=True)))
            objective = tf.reduce_sum(losses) / self._batch_size + self._decay.penalty() / replicas
            objective = self._optimizer.scale_loss(objective)
        trained = [variable.value for variable in self._model.trainable_variables]
        return tf.reduce_sum(losses), tape.gradient(objective, trained)
