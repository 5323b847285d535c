"""Writes docs/keys.md, the keys of a configuration, from docstrings: `python docs/keys.py > docs/keys.md`."""

import inspect
import json
import sys
import types
import typing
from collections.abc import Iterator
from typing import Any

import griffe
from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from mmannot_tf.config.methods import Methods
from mmannot_tf.config.model import ModelSettings
from mmannot_tf.config.settings import (
    DataSettings,
    EvaluationSettings,
    Stages,
    TrainingSettings,
)
from mmannot_tf.config.stage import JointHeadSettings, StageSettings

HEAD = """# The keys of a configuration

Made by `make docs` from the settings' docstrings. `mmannot train CONFIG --set section.key=value` sets one;
[training.md](training.md#settings-and-runs) says which configurations are shipped. A number in brackets is
that of the open point of the paper that a key decides: [fidelity.md](fidelity.md).
"""
SECTIONS: tuple[tuple[str, type[BaseModel]], ...] = (
    ("data", DataSettings),
    ("model", ModelSettings),
    ("training", TrainingSettings),
    ("stages.NAME", StageSettings),
    ("evaluation", EvaluationSettings),
)
BOUNDS = {Ge: "≥", Gt: ">", Le: "≤", Lt: "<"}


def main() -> None:
    """Prints the page."""
    sys.stdout.write(page())


def page() -> str:
    """The whole page, in Markdown."""
    parts = [HEAD]
    for name, section in SECTIONS:
        parts += [f"## [{name}]\n", _text(section)]
        if section is StageSettings:
            stages = ", ".join(f"`{stage}`" for stage in Stages.model_fields)
            parts.append(f"NAME is one of {stages}.\n\n{_text(Stages)}")
        parts.append(_table(section))
        if section is StageSettings:
            parts += [
                "`classifier` and `quantity` have one more:\n",
                _table(JointHeadSettings, without=section),
            ]
    parts.append(
        "## [methods.NAME]\n\nThe compared systems. Each has the keys of a stage; these are its own:\n"
    )
    for name, field in Methods.model_fields.items():
        system = type(field.default) if isinstance(field.default, BaseModel) else field.annotation
        own = _table(system, without=StageSettings)
        parts += [f"### {name}\n", _text(system), own]
    return "\n".join(part for part in parts if part)


def _sections(model: Any) -> list[Any]:
    text = inspect.getdoc(model) or ""
    return griffe.Docstring(text).parse("google", returns_multiple_items=False, warnings=False)


def _text(model: Any) -> str:
    """What a docstring says before its attributes."""
    return "\n".join(part.value + "\n" for part in _sections(model) if part.kind.value == "text")


def _table(model: type[BaseModel], without: type[BaseModel] | None = None) -> str:
    """A row a key: its default, values and description; without those that another section has likewise."""
    known = {name: field.default for name, field in without.model_fields.items()} if without else {}
    described = dict(_described(model))
    rows = [
        f"| `{name}` | {_default(field)} | {_values(field.annotation, field.metadata)} | "
        f"{described.get(name, '')} |"
        for name, field in model.model_fields.items()
        if name not in known or known[name] != field.default
    ]
    return "\n".join(["| key | default | values | |", "|---|---|---|---|", *rows, ""]) if rows else ""


def _described(model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    """The names and descriptions of a model's keys, those of its bases included."""
    for each in reversed(model.__mro__):
        for part in _sections(each) if each.__module__.startswith("mmannot_tf") else ():
            if part.kind.value == "attributes":
                yield from ((item.name, " ".join(item.description.split())) for item in part.value)


def _default(field: Any) -> str:
    if field.default is PydanticUndefined:
        return "must be given"
    return "none" if field.default is None else f"`{json.dumps(field.default)}`"


def _values(kind: Any, metadata: list[Any]) -> str:
    """The type of a key in words, with its bounds."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        return _values(arguments[0], [*_flat(arguments[1:])])
    if origin is typing.Literal:
        return ", ".join(f"`{json.dumps(value)}`" for value in arguments)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_values(each, []) for each in arguments if each is not type(None))
    if origin is tuple:
        return f"list of: {_values(arguments[0], [])}"
    name = {int: "whole number", float: "number", str: "text", bool: "`true`, `false`"}.get(kind, str(kind))
    bounds = [f"{BOUNDS[type(each)]} {_number(each)}" for each in _flat(metadata) if type(each) in BOUNDS]
    return " ".join([name, ", ".join(bounds)]).strip()


def _flat(metadata: Any) -> Iterator[Any]:
    """The bounds in the metadata of a field, also those within pydantic's own `FieldInfo`."""
    for each in metadata:
        yield from _flat(each.metadata) if hasattr(each, "metadata") else (each,)


def _number(bound: Any) -> str:
    (value,) = (getattr(bound, name) for name in ("ge", "gt", "le", "lt") if hasattr(bound, name))
    return f"{int(value):,}" if float(value).is_integer() else f"{value:g}"


if __name__ == "__main__":
    main()
