"""Reads the listed images with their labels and tags: the training list, then the test list."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tfrecords_tools.building.source import AnnotationDefect
from tfrecords_tools.nus_wide.image_lists import read_image_lists, record_id
from tfrecords_tools.nus_wide.labels import read_labels
from tfrecords_tools.nus_wide.layout import HALVES, concepts_file, read_names, tag_list_file
from tfrecords_tools.nus_wide.tags import read_tags, unpacked


@dataclass(frozen=True)
class Images:
    """Every listed image once, in the order of the lists; about 100 MB at full size.

    Attributes:
        concepts: the labels' names, in the official order.
        tag_names: the tags' names, in the official order.
        files: `[n]` paths below Flickr/.
        train: number of images of the official training list, which come first.
        labels: `[n, len(concepts)] uint8` of 0 and 1.
        tags: `[n, ceil(len(tag_names) / 8)] uint8`, packed bits.
        defects: defects of the raw files.
    """

    concepts: tuple[str, ...]
    tag_names: tuple[str, ...]
    files: tuple[str, ...]
    train: int
    labels: np.ndarray
    tags: np.ndarray
    defects: tuple[AnnotationDefect, ...]

    def ids(self, rows: np.ndarray) -> list[str]:
        """The record ids of the images in `rows`."""
        return [record_id(self.files[row]) for row in rows]

    def labels_of(self, row: int) -> tuple[str, ...]:
        """The names of one image's labels, in the official order."""
        return tuple(self.concepts[label] for label in np.flatnonzero(self.labels[row]))

    def tags_of(self, row: int) -> tuple[str, ...]:
        """The names of one image's tags, in the official order."""
        has_tag = unpacked(self.tags[row], len(self.tag_names))
        return tuple(self.tag_names[tag] for tag in np.flatnonzero(has_tag))


def read_images(raw: Path) -> Images:
    """Reads lists, labels and tags; no image is opened.

    Raises:
        UserError: a file is missing or seems to be a wrong one; the message names it.
    """
    concepts, tag_names = read_names(concepts_file(raw)), read_names(tag_list_file(raw))
    lists, defects = read_image_lists(raw)
    labels, tags = [], []
    for half in HALVES:
        listed = lists[half]
        values, wrong = read_labels(raw, half, concepts, rows=listed.length)
        bits, wrong_tags = read_tags(raw, half, tags=len(tag_names), rows=listed.length)
        labels.append(values[listed.rows])
        tags.append(bits[listed.rows])
        defects += wrong + wrong_tags
    return Images(
        concepts=concepts,
        tag_names=tag_names,
        files=lists["Train"].files + lists["Test"].files,
        train=len(lists["Train"].files),
        labels=np.concatenate(labels),
        tags=np.concatenate(tags),
        defects=tuple(defects),
    )
