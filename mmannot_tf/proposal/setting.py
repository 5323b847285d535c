"""`Setting` and `SettingGroup`: keys of a configuration with the reasons for their values."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Setting:
    """One key.

    Attributes:
        key: its name within its section.
        value: its value.
        why: what it is, and why it has this value: one sentence.
    """

    key: str
    value: bool | int | float | str | list[int]
    why: str


@dataclass(frozen=True)
class SettingGroup:
    """A section of the file.

    Attributes:
        name: "data", "stages.cnn".
        why: what the section is for; empty where its settings say it.
        settings: its keys in order.
    """

    name: str
    why: str
    settings: tuple[Setting, ...]
