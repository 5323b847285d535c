"""The weights with which a stage begins."""

import numpy as np

from mmannot_tf.models.classifier import start_at_frequencies
from mmannot_tf.runs.run import Run
from mmannot_tf.runs.stage import Stage
from mmannot_tf.runs.stage_record import verified_weights
from mmannot_tf.runs.stages import STAGES, owner
from mmannot_tf.training.network import Network
from mmannot_tf.weights.source import resolve


def start_classifiers(stage: Stage, network: Network, targets: np.ndarray) -> None:
    """Starts the stage's heads for labels at their frequencies."""
    for head, target in stage.heads.items():
        if target == "labels":
            start_at_frequencies(network.model, network.branches[head].get_layer("logits"), targets)


def initialise(run: Run, stage: Stage, network: Network) -> None:
    """Loads initial weights: an earlier stage's if it has any, else the backbone's source, else as built."""
    for name, branch in network.branches.items():
        if name in stage.starts_from:
            earlier = STAGES[stage.starts_from[name]]
            branch.load_weights(verified_weights(run, owner(earlier, name), name))
        elif name == "backbone":
            resolve(run.config.model.weights, run.config.model.backbone).load_into(branch)
