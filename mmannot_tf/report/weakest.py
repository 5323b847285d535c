"""The labels that an annotator is worst at, with images to look at."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmannot_tf.report.counts import ClassCounts


@dataclass(frozen=True)
class WeakLabel:
    """A label and images that it went wrong on.

    Attributes:
        counts: how often it is true, given and both.
        missed: images that have it and did not get it, those with the highest scores first.
        wrong: images that got it and do not have it, those with the highest scores first.
    """

    counts: ClassCounts
    missed: tuple[str, ...]
    wrong: tuple[str, ...]

    @property
    def f1(self) -> float:
        """Of precision and recall, percent."""
        return 200 * self.counts.correct / (self.counts.true + self.counts.predicted)


def weakest_labels(
    counts: Sequence[ClassCounts],
    chosen: np.ndarray,
    labels: np.ndarray,
    scores: np.ndarray,
    *,
    names: Sequence[str],
    ids: Sequence[str],
    most: int,
    least_images: int,
    examples: int,
) -> list[WeakLabel]:
    """The labels with the lowest F1, the lowest first.

    Args:
        counts: of every class.
        chosen: the annotations, [N, C] bool.
        labels: the ground truth, [N, C] bool.
        scores: of all labels, [N, C] float.
        names: of the C labels.
        ids: of the N images.
        most: how many labels.
        least_images: labels that fewer images have are left out, for chance decides there.
        examples: most images of each kind.
    """
    place = {name: j for j, name in enumerate(names)}

    def example(wanted: np.ndarray, j: int) -> tuple[str, ...]:
        found = np.flatnonzero(wanted)
        order = found[np.argsort(-scores[found, j], kind="stable")]
        return tuple(ids[i] for i in order[:examples].tolist())

    weak = [
        WeakLabel(
            count,
            example(labels[:, place[count.label]] & ~chosen[:, place[count.label]], place[count.label]),
            example(chosen[:, place[count.label]] & ~labels[:, place[count.label]], place[count.label]),
        )
        for count in counts
        if count.true >= least_images
    ]
    return sorted(weak, key=lambda label: label.f1)[:most]
