"""A run together with its records: what training and predicting read from."""

import functools
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mmannot_tf.data.arrays import SplitArrays, load_arrays
from mmannot_tf.data.batches import ArrayBatches, ImageBatches
from mmannot_tf.data.cached_batches import CachedBatches
from mmannot_tf.data.decoded_cache import DecodedCache
from mmannot_tf.runs.run import Run
from mmannot_tf.runs.stage import Stage
from mmannot_tf.training.distribution import Distribution, one_device
from mmannot_tf.training.features import FeatureCache
from tfrecords_tools.reading.records import Records, open_records
from tfrecords_tools.shell.errors import UserError


@dataclass(frozen=True, eq=False)
class Session:
    """A run and the records it is made from, open.

    Attributes:
        run: the run.
        records: the records, of the run's digest.
        distribution: the replicas that train and predict.
    """

    run: Run
    records: Records
    distribution: Distribution = field(default_factory=one_device)

    @functools.cache  # noqa: B019 - a session lives as long as the command
    def arrays(self, split: str) -> SplitArrays:
        """A split's ids, labels and tags."""
        return load_arrays(self.records, split, self.run.dataset.tags)

    def images(self, batch_size: int) -> ImageBatches:
        """The records' images in batches, normalised as the backbone's weights expect them."""
        config = self.run.config
        return ImageBatches(
            self.records,
            config.data,
            self.run.preprocessing,
            batch_size=batch_size,
            shuffle_buffer=config.training.shuffle_buffer,
        )

    def features(self, split: str) -> FeatureCache:
        """The cached features of a split."""
        images = self.images(self.run.config.training.batch_size)
        return FeatureCache(self.run, split, images, self.arrays(split), self.distribution)

    @functools.cache  # noqa: B019 - as above
    def decoded(self) -> np.ndarray:
        """The training images as network input, where `data.decoded_cache` says; float32 [N, S, S, 3]."""
        images = self.images(self.run.config.training.batch_size)
        cache = DecodedCache(images, self.run.path / "decoded")
        if self.run.config.data.decoded_cache == "memory":
            return cache.in_memory()
        self.distribution.by_chief(cache.store)
        return cache.open()

    def batches(
        self, stage: Stage, split: str, batch_size: int
    ) -> ImageBatches | CachedBatches | ArrayBatches:
        """A split's inputs and targets as the stage reads them."""
        if "images" in stage.reads:
            images = self.images(batch_size)
            if "tags" in stage.reads:
                images = images.with_tags(self.run.dataset.tags, self.arrays(split).tag_lists.shape[1])
            if split != "train" or self.run.config.data.decoded_cache == "none":
                return images
            return CachedBatches(images, self.decoded(), self.arrays(split))
        arrays = self.arrays(split)
        inputs = arrays.tag_lists if "tags" in stage.reads else self.features(split).joint(stage.features)
        targets = arrays.labels if "labels" in stage.targets else arrays.quantity
        return ArrayBatches(inputs, targets, batch_size, names=arrays.ids)


def open_session(run: Run, data: Path | None = None, distribution: Distribution | None = None) -> Session:
    """Opens a run's records, where they lay when it was trained or at `data`.

    Raises:
        UserError: they are not there, or not the run's.
    """
    records = open_records(data or Path(run.dataset.path))
    if records.digest != run.dataset.digest:
        raise UserError(
            f"The records must be those {run.path} was made from (digest {run.dataset.digest[:12]}). "
            f"Received: {records.path}, digest {records.digest[:12]}."
        )
    return Session(run, records, distribution or one_device())
