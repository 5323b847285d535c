"""A run at the paper's sizes whose stages went through a few images: to measure by, not to annotate with."""

from collections.abc import Sequence
from pathlib import Path

from mmannot_tf.config.loading import load
from mmannot_tf.config.settings import Config
from mmannot_tf.training import plan
from mmannot_tf.training.run import Run
from mmannot_tf.training.train import train


def short_config(batch: int, *settings: str) -> Config:
    """NUS-WIDE's, from random weights: an epoch a stage, at a rate that moves nothing."""
    random = ["model.weights=random", f"training.batch_size={batch}", *settings]
    full = load("nus_wide", random)
    stages = [f"stages.{stage.name}" for stage in plan.configured(full)]
    methods = [f"methods.{name}" for name in type(full.methods).model_fields]
    short = [f"{key}.{value}" for key in (*stages, *methods) for value in ("epochs=1", "learning_rate=1e-9")]
    return load("nus_wide", [*random, *short])


def short_run(config: Config, data: Path, folder: Path, *, methods: Sequence[str] | None = None) -> Run:
    """Trains every stage, and the compared systems that are named."""
    return train(config, data=data, run=folder, methods=methods)
