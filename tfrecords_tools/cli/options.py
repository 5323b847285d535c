"""Derives command-line options from a settings dataclass, which holds their defaults and help texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from inspect import Parameter, Signature, signature
from typing import TYPE_CHECKING, Any, TypeGuard, TypeVar, get_type_hints

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Settings = TypeVar("Settings", bound="DataclassInstance")


def with_settings(
    settings: type[DataclassInstance],
    command: Callable[..., None],
    *,
    first: tuple[object, ...] = (),
    doc: str,
) -> Callable[..., None]:
    """A command for Typer with the fields of `settings` and the options of `command` as options.

    Args:
        settings: a dataclass with fields annotated `Annotated[…, typer.Option(…)]`; a field that is a
            dataclass adds its own fields, with defaults from the field's default if it has one.
        command: called as `command(*first, settings, **own)`; its own options are keyword-only.
        first: the arguments of `command` before the settings.
        doc: the command's help text.
    """
    hints = get_type_hints(command, include_extras=True)
    own = [
        parameter.replace(annotation=hints[name])
        for name, parameter in signature(command).parameters.items()
        if parameter.kind is Parameter.KEYWORD_ONLY
    ]
    parameters = [*_parameters(settings), *own]

    def run(**values: object) -> None:
        command(*first, gather(settings, values), **{option.name: values[option.name] for option in own})

    run.__signature__ = Signature(parameters)  # type: ignore[attr-defined]  # typeshed does not declare it
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    run.__doc__ = doc
    return run


def gather(settings: type[Settings], values: Mapping[str, object]) -> Settings:
    """The settings with the values of the options."""
    return settings(
        **{
            field.name: gather(hint, values) if _is_settings(hint) else values[field.name]
            for field, hint in _typed_fields(settings)
        }
    )


def _typed_fields(settings: type[DataclassInstance]) -> Iterator[tuple[Field[Any], Any]]:
    hints = get_type_hints(settings, include_extras=True)
    for field in fields(settings):
        yield field, hints[field.name]


def _parameters(settings: type[DataclassInstance], defaults: object = None) -> Iterator[Parameter]:
    """The options of `settings`, with the values of the instance `defaults`, if given, as defaults."""
    for field, hint in _typed_fields(settings):
        default = _default(field) if defaults is None else getattr(defaults, field.name)
        if _is_settings(hint):
            yield from _parameters(hint, None if default is Parameter.empty else default)
        else:
            yield Parameter(field.name, Parameter.KEYWORD_ONLY, default=default, annotation=hint)


def _is_settings(hint: object) -> TypeGuard[type[DataclassInstance]]:
    return isinstance(hint, type) and is_dataclass(hint)


def _default(field: Field[Any]) -> Any:
    if field.default_factory is not MISSING:
        return field.default_factory()
    return Parameter.empty if field.default is MISSING else field.default
