"""Frozen features, computed once: the inputs of joint stages, predictions and compared systems."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmannot_tf.data.array_batches import ArrayBatches
from mmannot_tf.data.arrays import SplitArrays
from mmannot_tf.data.image_batches import ImageBatches
from mmannot_tf.data.replicas import OrderedSplit
from mmannot_tf.runs.plan import stage_digest
from mmannot_tf.runs.run import Run
from mmannot_tf.runs.stage import Stage
from mmannot_tf.runs.stages import KNOWN
from mmannot_tf.training.distribution import Distribution
from mmannot_tf.training.inference.inference import model_outputs
from mmannot_tf.training.inference.trained_branches import feature_model
from tfrecords_tools.shell.files import atomic_path, read_json, write_json


@dataclass(frozen=True)
class FeatureCache:
    """The features of a run's finished stages on one split: features/SPLIT/STAGE.npy.

    A feature is float32 [N, D], or [N, P, D] of the P positions of a feature map.

    Attributes:
        run: the run of these stages.
        split: of the records.
        images: the records' images.
        arrays: the split's tags and labels, in the same order.
        distribution: the replicas that compute; only the chief writes, all read.
    """

    run: Run
    split: str
    images: ImageBatches
    arrays: SplitArrays
    distribution: Distribution

    def get(self, stages: Sequence[str]) -> dict[str, np.ndarray]:
        """The features of the named stages; computes those that are missing or stale."""
        missing = [KNOWN[name] for name in stages if not self._is_valid(name)]
        for reads in dict.fromkeys(stage.reads for stage in missing):
            features = self._compute([stage for stage in missing if stage.reads == reads])
            self.distribution.on_chief(functools.partial(self._store, features))
        return {name: np.load(self._file(name)) for name in stages}

    def concatenated(self, stages: Sequence[str]) -> np.ndarray:
        """The named stages' features concatenated, [N, ΣD]: f = [f_v, f_t] (Sec. III-B)."""
        features = list(self.get(stages).values())
        return features[0] if len(features) == 1 else np.concatenate(features, axis=1)

    def _file(self, stage: str) -> Path:
        return self.run.features(self.split) / f"{stage}.npy"

    def _index(self) -> dict[str, str]:
        file = self.run.features(self.split) / "index.json"
        return read_json(file, "A feature cache's index.json") if file.exists() else {}

    def _is_valid(self, stage: str) -> bool:
        return self._file(stage).exists() and self._index().get(stage) == stage_digest(self.run, stage)

    def _store(self, features: dict[str, np.ndarray]) -> None:
        for stage, values in features.items():
            with atomic_path(self._file(stage)) as staging:
                np.save(staging, values)
        made_from = {stage: stage_digest(self.run, stage) for stage in features}
        write_json(self.run.features(self.split) / "index.json", {**self._index(), **made_from})

    def _compute(self, stages: Sequence[Stage]) -> dict[str, np.ndarray]:
        with self.distribution.scope():
            model = feature_model(self.run, stages)
        return model_outputs(model, self._ordered_split(stages[0].reads), self.distribution)

    def _ordered_split(self, reads: Sequence[str]) -> OrderedSplit:
        if "images" not in reads:
            return ArrayBatches(self.arrays.tag_lists, self.arrays.labels, batch_size=512).ordered_split()
        images, max_tags = self.images, self.arrays.tag_lists.shape[1]
        images = images.with_tags(self.run.dataset.tags, max_tags) if "tags" in reads else images
        return images.ordered_split(self.split)
