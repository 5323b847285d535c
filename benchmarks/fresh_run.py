"""Runs with finished stages whose weights are the initial ones."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmannot_tf.config.loading import load
from mmannot_tf.runs import plan
from mmannot_tf.runs.run import Dataset, Run
from mmannot_tf.runs.stages import STAGES
from mmannot_tf.training.inference.trained_branches import network_spec_of
from mmannot_tf.training.network import build_network
from mmannot_tf.weights.source import resolve
from tfrecords_tools.tag_rule.version import TAG_RULE

LABELS, TAGS = 81, 1000
METHOD = ("cnn", "ms_cnn", "tag_encoder", "classifier", "quantity")
"""The stages that an annotator is made of."""


def random_run(path: Path, backbone: str, *options: str) -> Run:
    """A run with NUS-WIDE's settings, without records."""
    config = load("nus_wide", [f"model.backbone={backbone}", "model.weights=random", *options])
    labels, tags = (
        tuple(f"{kind}{n}" for n in range(size)) for kind, size in (("label", LABELS), ("tag", TAGS))
    )
    provenance = resolve("random", backbone).provenance
    dataset = Dataset("none", "synthetic", "0" * 64, {"train": 1}, labels, tags, tag_rule=TAG_RULE)
    run = Run(path, config, dataset, provenance)
    keep_fresh(run, METHOD)
    return run


def keep_fresh(run: Run, stages: Sequence[str]) -> None:
    """Saves the initial branches of some stages, in order.

    Residual branches are scaled down: with initial batch-norm statistics, the sums of a hundred layers would
    grow until float32 engines differ.
    """
    width = 0
    for name in stages:
        stage = STAGES[name]
        network = build_network(stage, network_spec_of(run), width)
        for layer in network.branches.get("backbone", network.model).layers:
            if layer.name.endswith("_3_bn"):
                layer.gamma.assign(0.2 * np.ones(layer.gamma.shape))
        for branch in stage.trains:
            run.weights(name, branch).parent.mkdir(parents=True, exist_ok=True)
            network.branches[branch].save_weights(run.weights(name, branch))
        if name in ("ms_cnn", "tag_encoder"):
            width += network.branches["probe"].input_shape[-1]
        plan.finish(run, stage, {"best_epoch": 1})
