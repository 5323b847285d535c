"""What differs between training a stage of ours and a compared system."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from mmannot_tf.data.batches import ArrayBatches, ImageBatches
from mmannot_tf.data.cached_batches import CachedBatches
from mmannot_tf.training.network import Network

Validate = Callable[[], tuple[Mapping[str, float], float]]


@dataclass(frozen=True)
class Recipe:
    """How a stage is trained, ready for the loop.

    Attributes:
        batches: of the training split.
        build: the network at its initial weights; called in the strategy's scope, after seeding.
        loss: (targets, outputs) → loss of each example [B].
        validation: network → a function that judges it as it stands on the validation split: measures by
            name, and the score to pick the best epoch by.
    """

    batches: ImageBatches | CachedBatches | ArrayBatches
    build: Callable[[], Network]
    loss: Callable[[Any, Any], tf.Tensor]
    validation: Callable[[Network], Validate]
