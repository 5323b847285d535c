"""A split without its images, in memory: ids, labels and what is known of them, tags."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from mmannot_tf.data.tag_lists import padded
from mmannot_tf.losses.targets import UNKNOWN
from tfrecords_tools.reading.records import Records, check_label_ids, data_loss_as_user_error, read
from tfrecords_tools.shell.errors import UserError


@dataclass(frozen=True)
class SplitArrays:
    """A split in the records' fixed order.

    Attributes:
        ids: of the N images.
        labels: multi-hot ground truth, uint8 [N, C].
        tag_lists: the tags of the vocabulary, int32 [N, L]; see `data.tag_lists`.
        unknown: the labels of which nothing is known, bool [N, C]; None where all are known.
    """

    ids: tuple[str, ...]
    labels: np.ndarray
    tag_lists: np.ndarray
    unknown: np.ndarray | None = None

    @property
    def targets(self) -> np.ndarray:
        """Targets of the labels; see `targets_of`."""
        return targets_of(self.labels, self.unknown)

    @property
    def quantity(self) -> np.ndarray:
        """m, the number of labels of each image, `UNKNOWN` where a label of it is, float32 [N]."""
        m = self.labels.sum(axis=1).astype(np.float32)
        return m if self.unknown is None else np.where(self.unknown.any(axis=1), np.float32(UNKNOWN), m)

    @property
    def mean_quantity(self) -> float:
        """The mean of the known quantities; 0 where none is."""
        known = self.quantity[self.quantity >= 0]
        return float(known.mean()) if len(known) else 0.0

    @property
    def label_frequencies(self) -> np.ndarray:
        """The share of the images that have each label, of those of which it is known, float32 [C]."""
        if self.unknown is None:
            return self.labels.mean(axis=0, dtype=np.float64).astype(np.float32)
        known = np.count_nonzero(~self.unknown, axis=0)
        return (self.labels.sum(axis=0) / np.maximum(known, 1)).astype(np.float32)

    @property
    def known_tags(self) -> np.ndarray:
        """How many tags of the vocabulary each image has, int32 [N]."""
        return (self.tag_lists >= 0).sum(axis=1, dtype=np.int32)

    def rows(self, wanted: np.ndarray) -> Self:
        """The images of these places, int [M]."""
        ids = tuple(self.ids[place] for place in wanted)
        unknown = None if self.unknown is None else self.unknown[wanted]
        tag_lists = self.tag_lists[wanted]
        return replace(self, ids=ids, labels=self.labels[wanted], tag_lists=tag_lists, unknown=unknown)


def targets_of(labels: np.ndarray, unknown: np.ndarray | None) -> np.ndarray:
    """What losses read: 0 and 1, and `UNKNOWN` where nothing is known.

    Args:
        labels: multi-hot, uint8 [N, C].
        unknown: bool [N, C]; None where all are known.

    Returns:
        The labels themselves where all are known, else int8 [N, C].
    """
    return labels if unknown is None else np.where(unknown, UNKNOWN, labels).astype(np.int8)


def vocabulary(records: Records, size: int) -> tuple[str, ...]:
    """The `size` most frequent tags of the training split; none if the records have no tags.

    Raises:
        UserError: the records have tags, but fewer.
    """
    if 0 < len(records.vocabulary) < size:
        raise UserError(
            f"data.vocabulary_size must be at most the number of tags in {records.path}, "
            f"{len(records.vocabulary)}. Received: {size}."
        )
    return records.vocabulary[:size]


def load_arrays(records: Records, split: str, tags: Sequence[str]) -> SplitArrays:
    """Reads a split's ids, labels and tags, without decoding an image."""
    index = {tag: position for position, tag in enumerate(tags)}
    count = records.splits[split]
    ids: list[str] = []
    tag_indices: list[list[int]] = []
    labels = np.zeros((count, len(records.labels)), np.uint8)
    unknown = np.zeros(labels.shape, bool) if records.has_unknown else None
    with data_loss_as_user_error(records):
        for row, example in enumerate(read(records, split, images=False).as_numpy_iterator()):
            ids.append(example["id"].decode())
            check_label_ids(records, ids[-1], example["labels"].tolist())
            labels[row, example["labels"]] = 1
            if unknown is not None:
                check_label_ids(records, ids[-1], example["unknown"].tolist())
                unknown[row, example["unknown"]] = True
            words = (word.decode() for word in example["tags"])
            tag_indices.append([index[word] for word in words if word in index])
    return SplitArrays(tuple(ids), labels, padded(tag_indices), unknown)
