"""Why a run's numbers cannot be compared with the paper's digit by digit."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mmannot_tf.paper.readings import Key, Reading, departures, readings, shown
from mmannot_tf.paper.tables import DATASETS, paper_tables_for
from tfrecords_tools.shell.files import Json

PAPER_BACKBONE = "resnet101"  # Sec. IV-A3


@dataclass(frozen=True)
class RunFacts:
    """What decides whether a run can be compared with the paper.

    Attributes:
        source: the data set, as its records name it.
        split: the split evaluated.
        images: how many images of it were evaluated.
        backbone: model.backbone of the run.
        weights_origin: where the backbone's weights came from; "random" for none.
        readings: configuration key → value in force, from `readings.in_force`.
        build: the settings that the records were built with; None where the records are not available.
    """

    source: str
    split: str
    images: int
    backbone: str
    weights_origin: str
    readings: Mapping[str, Json]
    build: Mapping[str, Json] | None = None


def reasons_against(facts: RunFacts) -> list[str]:
    """Why a run's numbers cannot be compared with the paper's digit by digit; empty where they can."""
    reasons = _data_reasons(facts)
    if facts.split != "test":
        reasons.append(f"the {facts.split} split, where the paper's numbers are of its test split")
    if facts.backbone != PAPER_BACKBONE:
        reasons.append(f"backbone {facts.backbone}, where the paper has ResNet-101")
    if facts.weights_origin == "random":
        reasons.append("random weights to begin with, where the paper's are pretrained on ImageNet")
    return reasons + departures(facts.readings)


def _data_reasons(facts: RunFacts) -> list[str]:
    published = paper_tables_for(facts.source)
    if facts.source not in DATASETS:
        return [f"another data set: {facts.source}, where Table {published.methods} is {published.title}"]
    reasons = []
    if facts.images != published.test_images:
        reasons.append(f"{facts.images:,} images, where the paper's test split has {published.test_images:,}")
    if facts.build is None:
        return [
            *reasons,
            "the run's records are not at hand, so how they were built is not known: pass --data",
        ]
    return reasons + build_departures(facts.source, facts.build)


def build_departures(source: str, build: Mapping[str, Json]) -> list[str]:
    """The options of a records' build that are not at the default reading, one phrase an option.

    Args:
        source: the data set, as its records name it.
        build: the settings, from the records; an option it lacks is taken to be at its default.
    """
    return [
        f"{key.name} is {shown(build[setting])} where the default reading is {shown(key.default)} "
        f"[{reading.number}]"
        for key, reading, setting in _build_options(source)
        if setting in build and build[setting] != key.default
    ]


def build_in_force(source: str, build: Mapping[str, Json]) -> dict[str, Json]:
    """The value of every option of a data set's build that decides a reading.

    Args:
        source: the data set, as its records name it.
        build: the settings, from the records; an option it lacks is taken to be at its default.
    """
    return {key.name: build.get(setting, key.default) for key, _, setting in _build_options(source)}


def _build_options(source: str) -> Iterator[tuple[Key, Reading, str]]:
    """The options of `mmannot-records build SOURCE` that decide a reading, with the settings' names."""
    for reading in readings():
        for key in reading.keys:
            command, _, option = key.name.partition(" --")
            if option and command.split()[-1].replace("-", "_") == source:
                yield key, reading, option.replace("-", "_")
