"""A split without its images, in memory: ids, labels, tags."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from mmannot_tf.data.tag_lists import padded
from tfrecords_tools.reading.records import Records, check_label_ids, data_loss_as_user_error, read
from tfrecords_tools.shell.errors import UserError


@dataclass(frozen=True)
class SplitArrays:
    """A split in the records' fixed order.

    Attributes:
        ids: of the N images.
        labels: multi-hot ground truth, uint8 [N, C].
        tag_lists: the tags of the vocabulary, int32 [N, L]; see `data.tag_lists`.
    """

    ids: tuple[str, ...]
    labels: np.ndarray
    tag_lists: np.ndarray

    @property
    def quantity(self) -> np.ndarray:
        """m, the number of labels of each image, float32 [N]."""
        return self.labels.sum(axis=1).astype(np.float32)

    @property
    def known_tags(self) -> np.ndarray:
        """How many tags of the vocabulary each image has, int32 [N]."""
        return (self.tag_lists >= 0).sum(axis=1, dtype=np.int32)

    def rows(self, wanted: np.ndarray) -> Self:
        """The images of these places, int [M]."""
        ids = tuple(self.ids[place] for place in wanted)
        return replace(self, ids=ids, labels=self.labels[wanted], tag_lists=self.tag_lists[wanted])


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
    with data_loss_as_user_error(records):
        for row, example in enumerate(read(records, split, images=False).as_numpy_iterator()):
            ids.append(example["id"].decode())
            check_label_ids(records, ids[-1], example["labels"].tolist())
            labels[row, example["labels"]] = 1
            words = (word.decode() for word in example["tags"])
            tag_indices.append([index[word] for word in words if word in index])
    return SplitArrays(tuple(ids), labels, padded(tag_indices))
