"""The runs of an ablation: the configuration as it is, and once for each other value of a reading."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mmannot_tf.config.loading import parse
from mmannot_tf.config.settings import Config
from mmannot_tf.paper.readings import Key, Reading, configuration_keys, in_force
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import Json


@dataclass(frozen=True)
class Variant:
    """One way to read the paper.

    Attributes:
        key: the configuration key that is changed; empty for the configuration as it is.
        value: what it is changed to.
    """

    key: str = ""
    value: Json = None

    @property
    def name(self) -> str:
        """What a table calls it."""
        return f"{self.key} = {self.value}" if self.key else "as configured"

    @property
    def folder(self) -> str:
        """What its runs' folder is called."""
        return f"{self.key}={self.value}" if self.key else "as_configured"

    def of(self, config: Config, *, seed: int) -> Config:
        """The configuration read this way, with a seed; it states no more keys than `config`.

        Raises:
            UserError: the value is not possible in this configuration.
        """
        document = config.model_dump(mode="json", exclude_none=True, exclude_unset=True)
        document.setdefault("training", {})["seed"] = seed
        if self.key:
            *sections, last = self.key.split(".")
            place = document
            for section in sections:
                place = place.setdefault(section, {})
            place[last] = self.value
        return parse(document, self.name)


def variants(config: Config, names: Sequence[str]) -> tuple[Variant, ...]:
    """The configuration as it is, then every other value of the readings named.

    Args:
        config: what the readings are changed in.
        names: readings by number ("2"), or keys by their whole or last name ("training.weight_decay").

    Raises:
        UserError: a name is no reading with a configuration key, or its key has no values to try.
    """
    values = in_force(config)
    changed = [
        Variant(key.name, value)
        for key in dict.fromkeys(key for name in names for key in _keys(name))
        for value in key.tried
        if value != values[key.name]
    ]
    return (Variant(), *changed)


def _keys(name: str) -> Iterator[Key]:
    named = [key for key, reading in configuration_keys() if _means(name, key, reading)]
    if not named:
        known = ", ".join(key.name for key, _ in configuration_keys() if key.tried)
        raise UserError(f"--readings must name numbers or keys: {known}. Received: {name}.")
    tried = [key for key in named if key.tried]
    if not tried:
        raise UserError(
            f"--readings must name keys with values to try. Received: {name}; use `mmannot train --set`."
        )
    yield from tried


def _means(name: str, key: Key, reading: Reading) -> bool:
    return name in (str(reading.number), key.name, key.name.rpartition(".")[2])
