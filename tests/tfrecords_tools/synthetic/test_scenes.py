import hashlib
import itertools
from collections import Counter
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from tfrecords_tools.synthetic.scenes import (
    EXCLUSIVE,
    LABELS,
    QUANTITIES,
    draw_labels,
    make_scene,
    paint,
    picture,
)


@pytest.fixture(scope="module")
def drawn() -> list[tuple[str, ...]]:
    return [draw_labels(np.random.default_rng(seed)) for seed in range(2000)]


def pixels(labels: tuple[str, ...], *, seed: int = 0, size: int = 64) -> np.ndarray:
    image = Image.open(BytesIO(paint(labels, size, generator=np.random.default_rng(seed))))
    return np.asarray(image, dtype=float)


def test_a_scene_is_a_pure_function_of_size_and_seed():
    assert make_scene(size=64, seed=(0, 0, 7)) == make_scene(size=64, seed=(0, 0, 7))
    others = [make_scene(size=64, seed=seed).image for seed in [(0, 0, 7), (0, 0, 8), (0, 1, 7), (1, 0, 7)]]
    assert len(set(others)) == 4


@pytest.mark.parametrize("size", [32, 64, 100])
def test_pictures_are_square_colour_jpegs(size):
    image = Image.open(BytesIO(make_scene(size=size, seed=(1,)).image))
    assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (size, size))


def test_quantities_follow_their_distribution(drawn):
    counts = Counter(len(labels) for labels in drawn)
    for quantity, share in enumerate(QUANTITIES, start=1):
        spread = (share * (1 - share) / len(drawn)) ** 0.5
        assert abs(counts[quantity] / len(drawn) - share) < 5 * spread


def test_every_label_is_common_and_no_scene_contradicts_itself(drawn):
    counts = Counter(label for labels in drawn for label in labels)
    assert min(counts[label] for label in LABELS) > 0.08 * len(drawn)
    for labels in drawn:
        assert list(labels) == [label for label in LABELS if label in labels]
        assert all(len(set(group) & set(labels)) <= 1 for group in EXCLUSIVE)


@pytest.mark.parametrize("label", LABELS)
def test_every_label_changes_the_picture(label):
    seeds = range(5)
    changes = [np.abs(pixels((label,), seed=seed) - pixels((), seed=seed)).mean() for seed in seeds]
    assert min(changes) > 0.3


def test_evidence_lies_at_different_scales():
    def detail(label: str) -> float:
        """Share of what the label changes that means over 8 x 8 pixels do not see."""
        shares = []
        for seed in range(10):
            change = (pixels((label,), seed=seed) - pixels((), seed=seed)).mean(axis=2)
            coarse = change.reshape(8, 8, 8, 8).mean(axis=(1, 3)).repeat(8, 0).repeat(8, 1)
            shares.append(((change - coarse) ** 2).sum() / (change**2).sum())
        return float(np.mean(shares))

    assert detail("sunset") < detail("house") < detail("net")


def test_night_is_dark_snow_is_bright_and_the_sea_is_blue():
    lower = slice(48, 64)
    for seed in range(5):
        assert pixels(("night",), seed=seed).mean() < 0.6 * pixels((), seed=seed).mean()
        assert pixels(("snow",), seed=seed)[lower].mean() > pixels((), seed=seed)[lower].mean() + 30
        sea = pixels(("sea",), seed=seed)[lower].mean(axis=(0, 1))
        assert sea[2] > sea[0] + 30


def test_the_scenes_of_published_results_stay_as_they_are():
    """README's tables were measured on these scenes: a changed pixel makes them untrue."""
    painted = hashlib.sha256()
    for seed, size in itertools.product(range(4), (32, 64)):
        scenes = [(label,) for label in LABELS] + [("night", label) for label in LABELS]
        for labels in [*scenes, draw_labels(np.random.default_rng(seed))]:
            painted.update(picture(labels, size, generator=np.random.default_rng(seed)).tobytes())
    assert painted.hexdigest() == "0a4765822100f4bcf32cb7e2ae508e2e0a2a4a6780eff280693f3d81aa23daf8"
