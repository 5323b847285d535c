"""A run together with its records: the data of training and prediction."""

import functools
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from mmannot_tf.config.stage import JointHeadSettings
from mmannot_tf.data.array_batches import ArrayBatches, HiddenColumns
from mmannot_tf.data.arrays import SplitArrays, load_arrays
from mmannot_tf.data.cached_batches import CachedBatches
from mmannot_tf.data.decoded_cache import DecodedCache
from mmannot_tf.data.image_batches import ImageBatches
from mmannot_tf.data.replicas import OrderedSplit
from mmannot_tf.runs.configured_stages import stage_settings
from mmannot_tf.runs.refit import run_records
from mmannot_tf.runs.run import Run
from mmannot_tf.runs.stage import Stage
from mmannot_tf.runs.stages import TAG_ENCODER
from mmannot_tf.training.distribution import Distribution, one_device
from mmannot_tf.training.inference.features import FeatureCache
from mmannot_tf.training.inference.trained_branches import feature_model
from tfrecords_tools.reading.records import Records, open_records
from tfrecords_tools.shell.errors import UserError


@dataclass(frozen=True, eq=False)
class Session:
    """A run and its open records.

    Attributes:
        run: the run.
        records: the records; their digest is the run's.
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
        """Batches of the records' images, normalised as the backbone's weights expect them."""
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
        """The training images as network input, float32 [N, S, S, 3], in memory or memory-mapped."""
        images = self.images(self.run.config.training.batch_size)
        cache = DecodedCache(images, self.run.path / "decoded")
        if self.run.config.data.decoded_cache == "memory":
            return cache.in_memory()
        self.distribution.on_chief(cache.store)
        return cache.open()

    def training_batches(self, stage: Stage, batch_size: int) -> ImageBatches | CachedBatches | ArrayBatches:
        """Batches of the training split with the inputs and targets of a stage."""
        if "images" not in stage.reads:
            return self.training_arrays(stage, batch_size)
        images = self._image_batches(stage, "train", batch_size)
        if self.run.config.data.decoded_cache == "none":
            return images
        return CachedBatches(images, self.decoded(), self.arrays("train"))

    def training_arrays(self, stage: Stage, batch_size: int) -> ArrayBatches:
        """Batches of the training split for a stage that reads no images."""
        batches = self._array_batches(stage, "train", batch_size)
        settings = stage_settings(self.run.config, stage)
        share = settings.untagged_share if isinstance(settings, JointHeadSettings) else 0.0
        return replace(batches, hidden=HiddenColumns(share, self.untagged_feature())) if share else batches

    def ordered_split(self, stage: Stage, split: str, batch_size: int) -> OrderedSplit:
        """The batches of a split in its fixed order, with the inputs and targets of a stage."""
        if "images" in stage.reads:
            return self._image_batches(stage, split, batch_size).ordered_split(split)
        return self._array_batches(stage, split, batch_size).ordered_split()

    def untagged_feature(self) -> np.ndarray:
        """f_t of an image without tags, [D] float32."""
        with self.distribution.scope():
            encoder = feature_model(self.run, [TAG_ENCODER])
        return encoder(np.full((1, 1), -1, np.int32), training=False)[TAG_ENCODER.name].numpy()[0]

    def _image_batches(self, stage: Stage, split: str, batch_size: int) -> ImageBatches:
        images = self.images(batch_size)
        if "tags" not in stage.reads:
            return images
        return images.with_tags(self.run.dataset.tags, self.arrays(split).tag_lists.shape[1])

    def _array_batches(self, stage: Stage, split: str, batch_size: int) -> ArrayBatches:
        arrays = self.arrays(split)
        reads_tags = "tags" in stage.reads
        inputs = arrays.tag_lists if reads_tags else self.features(split).concatenated(stage.features)
        targets = arrays.targets if "labels" in stage.targets else arrays.quantity
        return ArrayBatches(inputs, targets, batch_size, names=arrays.ids)


def open_session(run: Run, data: Path | None = None, distribution: Distribution | None = None) -> Session:
    """Opens a run with its records, from their path at training or from `data`.

    Raises:
        UserError: they do not exist, or are not the run's.
    """
    records = run_records(run.config, open_records(data or Path(run.dataset.path)))
    if records.digest != run.dataset.digest:
        raise UserError(
            f"The records must be those {run.path} was made from (digest {run.dataset.digest[:12]}). "
            f"Received: {records.path}, digest {records.digest[:12]}."
        )
    return Session(run, records, distribution or one_device())
