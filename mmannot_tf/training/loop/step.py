"""One step of training, the same for every stage and every tf.distribute strategy."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from mmannot_tf.training.loop.dropout_seeds import per_replica_seeds, seeds_of
from mmannot_tf.training.loop.optimization import clipped
from mmannot_tf.training.loop.weight_average import WeightAverage
from mmannot_tf.training.loop.weight_decay import WeightDecay
from mmannot_tf.training.precision import finite_together, in_float32


class Step:
    """Updates the weights from a batch; returns the sum of its examples' losses.

    Each of R replicas computes its rows of the batch. Its objective is Σ loss / B + penalty / R, where B is
    the configured batch size, and Keras' optimizers sum the gradients over the replicas. So the update equals
    that of one device (R = 1) for every R, and also for a smaller last batch.
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
        average: WeightAverage,
        factors: Sequence[float],
        clip_norm: float | None = None,
        jit_compile: bool = False,
    ):
        """Traces nothing yet.

        Args:
            strategy: in whose scope the model and the optimizer were built.
            model: the network to train.
            loss: (targets, outputs) → loss of each example [B].
            batch_size: B, over all replicas.
            optimizer: built with the model's trainable variables.
            decay: of the same variables.
            average: of the same variables.
            factors: on the learning rate, one per trainable variable.
            clip_norm: the greatest global norm of the gradients, or None.
            jit_compile: XLA compiles the forward and backward pass, not the update.
        """
        self._strategy, self._model, self._loss = strategy, model, loss
        self._batch_size, self._optimizer = batch_size, optimizer
        self._decay, self._average = decay, average
        self._factors, self._clip_norm = factors, clip_norm
        self._overflows = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
        self._loss_and_gradients: Any = (
            tf.function(self._forward_backward, jit_compile=True) if jit_compile else self._forward_backward
        )
        self._step: Any = tf.function(self._on_replicas)
        self._prepared = False

    def prepare(self, element_spec: Any) -> None:
        """Fixes the input signature with a dynamic batch size. Call it before the first step; once is enough.

        So a smaller last batch does not trace the graph again. Several processes must trace at the same time,
        because the keys of their all-reduces must agree.
        """
        if not self._prepared:
            self._step = tf.function(self._on_replicas, input_signature=[element_spec])
            self._prepared = True

    def __call__(self, batch: Any) -> tf.Tensor:
        """Takes a step on a batch (inputs, targets); returns the sum of the losses, float32 scalar."""
        return self._step(batch)

    def _on_replicas(self, batch: Any) -> tf.Tensor:
        return self._strategy.reduce("SUM", self._strategy.run(self._replica, args=batch), axis=None)

    def _replica(self, inputs: Any, targets: Any) -> tf.Tensor:
        loss, gradients = self._loss_and_gradients(inputs, targets)
        if self._clip_norm is not None:
            gradients = clipped(gradients, self._optimizer.scale_loss(tf.constant(self._clip_norm)))
        scaled = [factor * gradient for factor, gradient in zip(self._factors, gradients, strict=True)]
        if self._overflows and self._strategy.num_replicas_in_sync > 1:
            scaled = finite_together(scaled)
        self._optimizer.apply(scaled, self._model.trainable_variables)
        self._decay.after_step()
        self._average.after_step()
        return loss

    def _forward_backward(self, inputs: Any, targets: Any) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """The sum of a replica's losses, and the gradients of its objective times the loss scale, if any."""
        replicas = self._strategy.num_replicas_in_sync
        with per_replica_seeds(seeds_of(self._model), replicas), tf.GradientTape() as tape:
            losses = self._loss(targets, in_float32(self._model(inputs, training=True)))
            objective = tf.reduce_sum(losses) / self._batch_size + self._decay.penalty() / replicas
            objective = self._optimizer.scale_loss(objective)
        trained = [variable.value for variable in self._model.trainable_variables]
        return tf.reduce_sum(losses), tape.gradient(objective, trained)
