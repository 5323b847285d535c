"""JSON documents of frozen dataclasses: every `--json` output and scores.json."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass

from tfrecords_tools.shell.files import Json

INLINE = {"json": "inline"}
"""Metadata of a field that is replaced by its members; None has no members."""
OPTIONAL = {"json": "optional"}
"""Metadata of a field that is left out where it is None or an empty mapping."""


def document(value: object) -> Json:
    """The JSON document of a value: a dataclass becomes an object with its fields in order.

    Args:
        value: built of dataclasses, mappings, lists, tuples, strings, numbers and None.

    Raises:
        TypeError: a part of it is anything else.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [document(item) for item in value]
    return members(value)


def members(value: object) -> dict[str, Json]:
    """The members of the document of a dataclass or a mapping, in their order."""
    return dict(_members(value))


def _members(value: object) -> Iterator[tuple[str, Json]]:
    if isinstance(value, Mapping):
        yield from ((str(key), document(item)) for key, item in value.items())
        return
    if not is_dataclass(value):
        raise TypeError(f"A document is built of dataclasses and JSON values. Received: {value!r}.")
    for field in fields(value):
        item = getattr(value, field.name)
        kind = field.metadata.get("json")
        if (item is None and kind is not None) or (item == {} and kind == "optional"):
            continue
        if kind == "inline":
            yield from _members(item)
        else:
            yield field.name, document(item)
