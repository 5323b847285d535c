"""The paper's open points and how this project reads them: the one source, kept in readings.toml.

Thus compare names what a run read otherwise, fidelity writes the document, and a test holds every
configuration key against the settings.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from mmannot_tf.config.settings import Config


@dataclass(frozen=True)
class Key:
    """Where a reading is chosen.

    Attributes:
        name: a dotted configuration key ("training.weight_decay"), or a command with its option
            ("mmannot-records build --keep-untagged").
        default: its default.
        options: the values to choose from; empty where any value of the default's kind will do.
        tried: the values an ablation tries beside the configured one.
    """

    name: str
    default: Any
    options: tuple[Any, ...] = ()
    tried: tuple[Any, ...] = ()

    @property
    def in_configuration(self) -> bool:
        """True for a configuration key, False for an option of a command."""
        return " " not in self.name


@dataclass(frozen=True)
class Reading:
    """One open point of the paper.

    Attributes:
        number: by which code and documents cite it.
        section: "Optimisation", "Model", "Data" or "Evaluation".
        title: the point.
        paper: what the paper says, and where.
        options: how that can be read.
        default: how this project reads it.
        evidence: why.
        keys: where it can be chosen otherwise; empty where it is structure.
    """

    number: int
    section: str
    title: str
    paper: str
    options: tuple[str, ...]
    default: str
    evidence: str
    keys: tuple[Key, ...]


@cache
def readings() -> tuple[Reading, ...]:
    """All readings, by number."""
    text = (files("mmannot_tf.paper") / "readings.toml").read_text(encoding="utf-8")
    return tuple(_reading(entry) for entry in tomllib.loads(text)["reading"])


def configuration_keys() -> tuple[tuple[Key, Reading], ...]:
    """Every configuration key that decides a reading, with that reading."""
    return tuple((key, reading) for reading in readings() for key in reading.keys if key.in_configuration)


def in_force(config: Config) -> dict[str, Any]:
    """The value of every configuration key that decides a reading, as JSON holds it."""
    document = config.model_dump(mode="json")
    return {key.name: _look_up(document, key.name) for key, _ in configuration_keys()}


def listed(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every reading as JSON values, each key with its value in force.

    Args:
        values: from `in_force`; a key it lacks, as any option of a command, is at its default.
    """
    return [
        {
            **{name: value for name, value in asdict(reading).items() if name != "keys"},
            "options": list(reading.options),
            "keys": [
                {
                    "name": key.name,
                    "default": key.default,
                    "options": list(key.options),
                    "value": values.get(key.name, key.default),
                }
                for key in reading.keys
            ],
        }
        for reading in readings()
    ]


def departures(values: Mapping[str, Any]) -> list[str]:
    """What a run read otherwise than by default, one phrase a key.

    Args:
        values: from `in_force`; a key it lacks is taken to be at its default.
    """
    return [
        f"{key.name} is {_shown(values[key.name])} where the default reading is {_shown(key.default)} "
        f"[{reading.number}]"
        for key, reading in configuration_keys()
        if key.name in values and _shown(values[key.name]) != _shown(key.default)
    ]


def _reading(entry: Mapping[str, Any]) -> Reading:
    keys = tuple(map(_key, entry.get("keys", ())))
    return Reading(**{**entry, "options": tuple(entry["options"]), "keys": keys})


def _key(entry: Mapping[str, Any]) -> Key:
    options = tuple(entry.get("options", ()))
    return Key(entry["name"], entry["default"], options, tuple(entry.get("tried", options)))


def _look_up(document: Mapping[str, Any], dotted: str) -> Any:
    value: Any = document
    for part in dotted.split("."):
        value = value[part]
    return value


def _shown(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_shown, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
