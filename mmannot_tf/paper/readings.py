"""The paper's open points and how this project reads them, from readings.toml.

`mmannot compare` names a run's departures from them, `mmannot_tf.report.fidelity` writes docs/fidelity.md,
and a test checks every configuration key against the settings.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import NotRequired, TypedDict

from mmannot_tf.config.loading import flatten
from mmannot_tf.config.settings import Config
from mmannot_tf.evaluation.document import INLINE, document
from tfrecords_tools.shell.files import Json


@dataclass(frozen=True)
class Key:
    """A key that chooses a reading.

    Attributes:
        name: a dotted configuration key ("training.weight_decay"), or a command with its option
            ("mmannot-records build --keep-untagged").
        default: its default.
        paper: the value that reads the paper, where the default is another one on purpose; else None.
        options: the values to choose from; empty where any value of the default's type is valid.
        tried: the values that an ablation tries besides the configured one.
    """

    name: str
    default: Json
    options: tuple[Json, ...] = ()
    tried: tuple[Json, ...] = ()
    paper: Json = None

    @property
    def of_the_paper(self) -> Json:
        """The value that a run is compared with the paper by."""
        return self.default if self.paper is None else self.paper

    @property
    def in_configuration(self) -> bool:
        """True for a configuration key, False for an option of a command."""
        return " " not in self.name


@dataclass(frozen=True)
class Reading:
    """One open point of the paper.

    Attributes:
        number: code and documents cite it.
        section: "Optimisation", "Model", "Data" or "Evaluation".
        title: the point.
        paper: what the paper says, and where.
        options: how that can be read.
        default: how this project reads it.
        evidence: why.
        keys: they choose another reading; empty where it is part of the structure.
    """

    number: int
    section: str
    title: str
    paper: str
    options: tuple[str, ...]
    default: str
    evidence: str
    keys: tuple[Key, ...]


@dataclass(frozen=True)
class KeyInForce:
    """A key of a reading and its value in a configuration; the other fields as in `Key`."""

    name: str
    default: Json
    options: tuple[Json, ...]
    value: Json


@dataclass(frozen=True)
class ReadingInForce:
    """A reading with the values of its keys."""

    reading: Reading = field(metadata=INLINE)
    keys: tuple[KeyInForce, ...]


class _KeyEntry(TypedDict):
    name: str
    default: Json
    options: NotRequired[list[Json]]
    tried: NotRequired[list[Json]]
    paper: NotRequired[Json]


class _Entry(TypedDict):
    """A reading as readings.toml holds it."""

    number: int
    section: str
    title: str
    paper: str
    options: list[str]
    default: str
    evidence: str
    keys: NotRequired[list[_KeyEntry]]


@cache
def readings() -> tuple[Reading, ...]:
    """All readings, by number."""
    text = (files("mmannot_tf.paper") / "readings.toml").read_text(encoding="utf-8")
    return tuple(_reading(entry) for entry in tomllib.loads(text)["reading"])


def configuration_keys() -> tuple[tuple[Key, Reading], ...]:
    """Every configuration key that decides a reading, with that reading."""
    return tuple((key, reading) for reading in readings() for key in reading.keys if key.in_configuration)


def in_force(config: Config) -> dict[str, Json]:
    """The value of every configuration key that decides a reading, as JSON holds it."""
    values = flatten(config.model_dump(mode="json"))
    return {key.name: document(values[key.name]) for key, _ in configuration_keys()}


def readings_in_force(values: Mapping[str, Json]) -> tuple[ReadingInForce, ...]:
    """Every reading, each key with its value.

    Args:
        values: from `in_force`; a key it lacks, as any option of a command, is at its default.
    """
    return tuple(
        ReadingInForce(
            reading,
            tuple(
                KeyInForce(key.name, key.default, key.options, values.get(key.name, key.default))
                for key in reading.keys
            ),
        )
        for reading in readings()
    )


def departures(values: Mapping[str, Json]) -> list[str]:
    """A run's readings that are not those of the paper, one phrase a key.

    Args:
        values: from `in_force`; a key it lacks is taken to be as in the paper.
    """
    return [
        f"{key.name} is {shown(values[key.name])} where {_reference(key)} [{reading.number}]"
        for key, reading in configuration_keys()
        if key.name in values and shown(values[key.name]) != shown(key.of_the_paper)
    ]


def _reference(key: Key) -> str:
    whose = "default" if key.paper is None else "paper's"
    return f"the {whose} reading is {shown(key.of_the_paper)}"


def _reading(entry: _Entry) -> Reading:
    return Reading(
        number=entry["number"],
        section=entry["section"],
        title=entry["title"],
        paper=entry["paper"],
        options=tuple(entry["options"]),
        default=entry["default"],
        evidence=entry["evidence"],
        keys=tuple(map(_key, entry.get("keys", ()))),
    )


def _key(entry: _KeyEntry) -> Key:
    options = tuple(entry.get("options", ()))
    tried = tuple(entry.get("tried", options))
    return Key(entry["name"], entry["default"], options, tried, entry.get("paper"))


def shown(value: Json) -> str:
    """A value in a sentence: a text in quotes, a list with commas."""
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list | tuple):
        return ", ".join(map(shown, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
