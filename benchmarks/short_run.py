"""Runs, networks and steps at the paper's sizes, on a few images and with a learning rate near 0."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from fresh_run import LABELS, TAGS

from mmannot_tf.config.loading import load
from mmannot_tf.config.settings import Config, TrainingSettings
from mmannot_tf.losses.quantity_error import QuantityError
from mmannot_tf.losses.sigmoid_cross_entropy import SigmoidCrossEntropy
from mmannot_tf.runs.configured_stages import configured_stages
from mmannot_tf.training.distribution import Distribution, one_device
from mmannot_tf.training.loop.optimization import Momentum
from mmannot_tf.training.loop.step import Step
from mmannot_tf.training.loop.weight_average import WeightAverage
from mmannot_tf.training.loop.weight_decay import WeightDecay
from mmannot_tf.training.network import NetworkSpec
from mmannot_tf.training.precision import loss_scaled
from mmannot_tf.training.profiling.throughput import Timing, measure_throughput
from mmannot_tf.weights.source import resolve

BATCH = 8
"""The batch size of stages that read images."""
FEATURES_BATCH = 32
"""The batch size of stages that read cached features, as in configs/nus_wide.toml."""
TAGS_AN_IMAGE = 8
WIDTHS = {"classifier": 2 * 2048, "quantity_visual": 2048, "quantity": 2 * 2048}
"""Stages on cached features → the size of their input: visual, textual, or both."""
OF_LABELS = SigmoidCrossEntropy("sum").call
NO_RATE = 1e-9
"""A learning rate near 0."""


def short_config(batch: int, *settings: str) -> Config:
    """NUS-WIDE's settings with random weights, one epoch per stage, and a learning rate near 0."""
    random = ["model.weights=random", f"training.batch_size={batch}", *settings]
    full = load("nus_wide", random)
    stages = [f"stages.{stage.name}" for stage in configured_stages(full)]
    methods = [f"methods.{name}" for name in type(full.methods).model_fields]
    short = [
        f"{key}.{value}" for key in (*stages, *methods) for value in ("epochs=1", f"learning_rate={NO_RATE}")
    ]
    return load("nus_wide", [*random, *short])


def learning(stage: str, images: int) -> tuple[np.ndarray, Callable[[Any, Any], tf.Tensor]]:
    """A stage's targets and loss: a quantity of one, or three labels in a hundred."""
    if stage.startswith("quantity"):
        return np.ones(images, np.float32), QuantityError().call
    return (np.random.default_rng(0).random((images, LABELS)) < 0.03).astype(np.float32), OF_LABELS


def spec(batch: int, *settings: str) -> NetworkSpec:
    """The specification of networks with the numbers of labels and tags of `fresh_run`."""
    config = short_config(batch, *settings)
    return NetworkSpec(config, LABELS, TAGS, resolve("random", config.model.backbone).provenance)


def forward_rate(model: keras.Model, *, batch: int, size: int, timing: Timing) -> float:
    """Images/s of a model's forward pass, on one batch of images of a size."""
    images = tf.constant(np.random.default_rng(0).normal(size=(batch, size, size, 3)), tf.float32)
    compute = tf.function(lambda batch: model(batch, training=False))

    def take(batches: Iterator[Any]) -> None:
        for batch in batches:
            compute(batch)

    return measure_throughput(itertools.repeat(images), take, images=batch, timing=timing).median


def plain_step(
    model: keras.Model,
    loss: Callable[[Any, Any], tf.Tensor] = OF_LABELS,
    *,
    training: TrainingSettings | None = None,
    distribution: Distribution | None = None,
    learning_rate: float = NO_RATE,
) -> Step:
    """The training step of a model, with momentum and L2.

    Args:
        model: to train.
        loss: (targets, outputs) → loss of each example.
        training: precision and XLA; by default float32 without it.
        distribution: by default one device.
        learning_rate: by default near 0.
    """
    training, distribution = training or TrainingSettings(), distribution or one_device()
    with distribution.scope():
        optimizer = loss_scaled(Momentum(learning_rate, 0.9), training.precision)
        optimizer.build(model.trainable_variables)
    return Step(
        distribution.strategy,
        model,
        loss=loss,
        batch_size=1,
        optimizer=optimizer,
        decay=WeightDecay("l2", model.trainable_variables, training.l2_coefficient),
        average=WeightAverage(0.0, model.trainable_variables),
        factors=[1.0] * len(model.trainable_variables),
        jit_compile=training.jit_compile,
    )


def of_labels_and_quantity(targets: Mapping[str, Any], outputs: Mapping[str, Any]) -> tf.Tensor:
    """The loss of `joint`: the sum of both losses, of each example."""
    return OF_LABELS(targets["labels"], outputs["labels"]) + QuantityError().call(
        targets["quantity"], outputs["quantity"]
    )
