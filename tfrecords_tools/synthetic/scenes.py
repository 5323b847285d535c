"""Makes scenes: draws labels and tags, and paints the picture."""

from dataclasses import dataclass
from io import BytesIO

import numpy as np
from PIL import Image

from tfrecords_tools.synthetic.painting import Canvas, backdrop, finish
from tfrecords_tools.synthetic.tags import draw_tags
from tfrecords_tools.synthetic.things import DRAWN_IN_ORDER

LABELS = (
    *("night", "sunset", "sea", "snow"),  # seen over the whole picture
    *("house", "tree", "car", "sun"),  # a third of the picture or less
    *("bird", "star", "flower"),  # three to five pixels
    *("fence", "net", "rain"),  # fine texture
)
QUANTITIES = (0.17, 0.27, 0.26, 0.17, 0.09, 0.04)
"""Probabilities of 1, 2, … 6 labels; 2.86 on average."""
EXCLUSIVE = (("night", "sunset", "sun"), ("night", "sunset", "rain"), ("sea", "snow"), ("sun", "rain"))
"""Groups of labels; a picture has at most one of each (no sun at night or in the rain)."""
TOGETHER = {("night", "star"): 4.0, ("house", "tree"): 2.0, ("sea", "bird"): 2.0, ("house", "fence"): 2.0}
"""Factor by which the first label makes the second more likely, and the other way round."""
QUALITY = 90
"""JPEG quality."""


@dataclass(frozen=True)
class Scene:
    """A picture with labels and tags.

    Attributes:
        image: JPEG bytes.
        labels: labels of the things in it, in the order of LABELS.
        tags: the tags of its owner.
    """

    image: bytes
    labels: tuple[str, ...]
    tags: tuple[str, ...]


def make_scene(*, size: int, seed: tuple[int, ...]) -> Scene:
    """Makes a scene of `size` x `size` pixels; a pure function of its arguments."""
    generator = np.random.default_rng(seed)
    labels = draw_labels(generator)
    tags = draw_tags(labels, generator)
    return Scene(paint(labels, size, generator=generator), labels, tags)


def draw_labels(generator: np.random.Generator) -> tuple[str, ...]:
    """Draws one to six labels that fit together, in the order of LABELS."""
    quantity = 1 + generator.choice(len(QUANTITIES), p=QUANTITIES)
    chosen: list[str] = []
    for _ in range(quantity):
        weights = np.array([_weight(label, chosen) for label in LABELS])
        chosen.append(LABELS[generator.choice(len(LABELS), p=weights / weights.sum())])
    return tuple(label for label in LABELS if label in chosen)


def _weight(label: str, chosen: list[str]) -> float:
    if label in chosen:
        return 0.0
    if any(label in group and other in group for group in EXCLUSIVE for other in chosen):
        return 0.0
    factors = [TOGETHER.get((other, label), 1.0) * TOGETHER.get((label, other), 1.0) for other in chosen]
    return float(np.prod(factors))


def paint(labels: tuple[str, ...], size: int, *, generator: np.random.Generator) -> bytes:
    """Paints a picture of `labels` and no other label, as JPEG bytes."""
    file = BytesIO()
    picture(labels, size, generator=generator).save(file, format="JPEG", quality=QUALITY)
    return file.getvalue()


def picture(labels: tuple[str, ...], size: int, *, generator: np.random.Generator) -> Image.Image:
    """Paints a picture of `labels` and no other label, `size` x `size` pixels, RGB."""
    canvas = Canvas(backdrop(labels, size, generator), generator)
    for label, draw in DRAWN_IN_ORDER.items():
        if label in labels:
            draw(canvas)
    return finish(canvas)
