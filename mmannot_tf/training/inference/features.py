"""Frozen features, computed once: the inputs of joint stages, predictions and compared systems."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmannot_tf.data.array_batches import ArrayBatches
from mmannot_tf.data.arrays import SplitArrays
from mmannot_tf.data.image_batches import ImageBatches
from mmannot_tf.data.replicas import OrderedSplit
from mmannot_tf.runs.configured_stages import averages_flips, feature_source
from mmannot_tf.runs.plan import feature_digest
from mmannot_tf.runs.run import Run
from mmannot_tf.runs.stage import Stage
from mmannot_tf.runs.stages import KNOWN
from mmannot_tf.training.distribution import Distribution
from mmannot_tf.training.inference.inference import model_outputs
from mmannot_tf.training.inference.trained_branches import feature_model
from tfrecords_tools.reading.records import check_unchanged
from tfrecords_tools.shell.console import notice
from tfrecords_tools.shell.counted import counted
from tfrecords_tools.shell.documents import read_sealed, sealed
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import atomic_path, sha256_once, write_json
from tfrecords_tools.shell.progress import progress_bars


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
        """The features of the named stages; computes those that are missing or stale.

        Stages that leave the backbone as it is share the features that they start from.
        """
        sources = {name: feature_source(self.run.config, name) for name in stages}
        missing = [KNOWN[name] for name in dict.fromkeys(sources.values()) if not self._is_valid(name)]
        passes: dict[object, list[Stage]] = {}
        for stage in missing:
            passes.setdefault((stage.reads, averages_flips(self.run.config, stage)), []).append(stage)
        for together in passes.values():
            features = self._compute(together)
            self.distribution.on_chief(functools.partial(self._store, features))
        return {name: self._load(source) for name, source in sources.items()}

    def concatenated(self, stages: Sequence[str]) -> np.ndarray:
        """The named stages' features concatenated, [N, ΣD]: f = [f_v, f_t] (Sec. III-B)."""
        features = list(self.get(stages).values())
        return features[0] if len(features) == 1 else np.concatenate(features, axis=1)

    def _file(self, stage: str) -> Path:
        return self.run.features(self.split) / f"{stage}.npy"

    def _load(self, stage: str) -> np.ndarray:
        values = np.load(self._file(stage))
        if not np.isfinite([values.min(initial=0.0), values.max(initial=0.0)]).all():
            bad = np.flatnonzero(~np.isfinite(values).reshape(len(values), -1).all(axis=1))
            raise UserError(
                f"features must be finite. Received: {self._file(stage)}, NaN or infinite for {len(bad)} of "
                f"{counted(len(values), 'image')}, {self.arrays.ids[bad[0]]} first. Delete the file to "
                "compute it again; if that does not help, look at the image and at the weights of the stage."
            )
        return values

    def _index(self) -> dict[str, Any]:
        """What is known of each file: the digest of what it was made from, and that of the file.

        Files of earlier versions have only the first. A damaged index counts as none.
        """
        file = self.run.features(self.split) / "index.json"
        if not file.exists():
            return {}
        try:
            return read_sealed(file, what="A feature cache's index.json", remedy="")
        except UserError as error:
            notice(f"{error}; computing the features again")
            return {}

    def _is_valid(self, stage: str) -> bool:
        file, entry = self._file(stage), self._index().get(stage)
        made_from, sha256 = (entry, None) if isinstance(entry, str) else _digests(entry)
        if not file.exists() or made_from != feature_digest(self.run, stage):
            return False
        if sha256 == sha256_once(file) if sha256 else _rows(file) == len(self.arrays.ids):
            return True
        notice(f"{file}: not as it was written; computing it again")
        return False

    def _store(self, features: dict[str, np.ndarray]) -> None:
        check_unchanged(self.images.records)
        entries = {}
        for stage, values in features.items():
            with atomic_path(self._file(stage)) as staging, staging.open("wb") as file:
                np.save(file, values)
            entries[stage] = {
                "made_from": feature_digest(self.run, stage),
                "sha256": sha256_once(self._file(stage)),
            }
        write_json(self.run.features(self.split) / "index.json", sealed({**self._index(), **entries}))

    def _compute(self, stages: Sequence[Stage]) -> dict[str, np.ndarray]:
        with self.distribution.scope():
            model = feature_model(self.run, stages)
        split = self._ordered_split(stages[0].reads)
        with progress_bars() as bars:
            task = bars.add_task(f"features of {self.split}", total=split.examples)
            features = model_outputs(
                model, split, self.distribution, lambda images: bars.advance(task, images)
            )
            bars.remove_task(task)
        return features

    def _ordered_split(self, reads: Sequence[str]) -> OrderedSplit:
        if "images" not in reads:
            return ArrayBatches(self.arrays.tag_lists, self.arrays.labels, batch_size=512).ordered_split()
        images, max_tags = self.images, self.arrays.tag_lists.shape[1]
        images = images.with_tags(self.run.dataset.tags, max_tags) if "tags" in reads else images
        return images.ordered_split(self.split)


def _digests(entry: object) -> tuple[str | None, str | None]:
    return (entry.get("made_from"), entry.get("sha256")) if isinstance(entry, dict) else (None, None)


def _rows(file: Path) -> int | None:
    """The number of rows of a whole .npy file; None for a damaged one."""
    try:
        return len(np.load(file, mmap_mode="r"))
    except (ValueError, TypeError, EOFError, OSError, OverflowError, SyntaxError):
        return None
