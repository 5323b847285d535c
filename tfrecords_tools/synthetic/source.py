"""The synthetic scenes as a source of records."""

from collections.abc import Iterator, Sequence
from functools import partial

from tfrecords_tools.building.rules import Rules
from tfrecords_tools.building.source import RecordSource, Split
from tfrecords_tools.reading.example import Example
from tfrecords_tools.synthetic.scenes import LABELS, make_scene
from tfrecords_tools.synthetic.settings import SyntheticSettings


def synthetic_source(settings: SyntheticSettings) -> RecordSource:
    """The synthetic scenes as a source with three splits."""
    development = range(settings.images)
    held_out = [index for index in development if _is_held_out(index, settings.validation_share)]
    train = sorted(set(development) - set(held_out))
    splits = {
        "train": Split(len(train), partial(_scenes, "scene", train, settings=settings)),
        "validation": Split(len(held_out), partial(_scenes, "scene", held_out, settings=settings)),
        "test": Split(
            settings.test_images, partial(_scenes, "test", range(settings.test_images), settings=settings)
        ),
    }
    return RecordSource(
        name="synthetic",
        config="default",
        labels=LABELS,
        settings=settings.as_json(),
        splits=splits,
        rules=Rules(keep_untagged=True, placeholder_copies=0),
        citation="Synthetic scenes with noisy tags, drawn by tfrecords_tools.synthetic.",
    )


def _is_held_out(index: int, share: float) -> bool:
    """Whether the scene is for validation: true for evenly spaced indices, a `share` of them."""
    return int((index + 1) * share) > int(index * share)


def _scenes(series: str, indices: Sequence[int], *, settings: SyntheticSettings) -> Iterator[Example]:
    for index in indices:
        scene = make_scene(size=settings.size, seed=(settings.seed, int(series == "test"), index))
        yield Example(f"{series}-{index:06d}", scene.image, scene.labels, scene.tags)
