"""Command-line options read off a settings dataclass: each default and each help text stands there only."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from inspect import Parameter, Signature, signature
from typing import Any, TypeVar, get_type_hints

Settings = TypeVar("Settings")


def with_settings(
    settings: type, command: Callable[..., None], *, first: tuple[Any, ...] = (), doc: str
) -> Callable[..., None]:
    """A command for Typer whose options are the fields of `settings` and `command`'s own.

    Args:
        settings: a dataclass whose fields bear `Annotated[…, typer.Option(…)]`; a field that is a dataclass
            itself adds its fields, whose defaults are the values of its own default, if it has one.
        command: called as `command(*first, settings, **own)`; its own options are keyword-only.
        first: what `command` is given before the settings.
        doc: the command's help.
    """
    hints = get_type_hints(command, include_extras=True)
    own = [
        parameter.replace(annotation=hints[name])
        for name, parameter in signature(command).parameters.items()
        if parameter.kind is Parameter.KEYWORD_ONLY
    ]
    parameters = [*_parameters(settings), *own]

    def run(**values: Any) -> None:
        command(*first, gather(settings, values), **{option.name: values[option.name] for option in own})

    run.__signature__ = Signature(parameters)
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    run.__doc__ = doc
    return run


def gather(settings: type[Settings], values: Mapping[str, Any]) -> Settings:
    """The settings that the options' values make."""
    return settings(
        **{
            field.name: gather(hint, values) if is_dataclass(hint) else values[field.name]
            for field, hint in _typed_fields(settings)
        }
    )


def _typed_fields(settings: type) -> Iterator[tuple[Field, Any]]:
    hints = get_type_hints(settings, include_extras=True)
    for field in fields(settings):
        yield field, hints[field.name]


def _parameters(settings: type, values: Any = None) -> Iterator[Parameter]:
    """The options of `settings`, their defaults read off the instance `values` where there is one."""
    for field, hint in _typed_fields(settings):
        default = _default(field) if values is None else getattr(values, field.name)
        if is_dataclass(hint):
            yield from _parameters(hint, None if default is Parameter.empty else default)
        else:
            yield Parameter(field.name, Parameter.KEYWORD_ONLY, default=default, annotation=hint)


def _default(field: Field) -> Any:
    if field.default_factory is not MISSING:
        return field.default_factory()
    return Parameter.empty if field.default is MISSING else field.default
