"""Assigns examples to splits by a hash of their id, and checks the values of options."""

import hashlib
from collections.abc import Sequence
from typing import Annotated

import typer

from tfrecords_tools.shell.errors import UserError

ValidationShare = Annotated[float, typer.Option(help="Share of the training images held out for validation.")]
"""The option shared by the sources that hold out a validation split."""


def uniform_hash(identifier: str) -> float:
    """A number in [0, 1) from the first 53 bits of the id's SHA-256, uniformly distributed over ids."""
    bits = int.from_bytes(hashlib.sha256(identifier.encode()).digest()[:8], "big")
    return (bits >> 11) * 2.0**-53


def is_held_out(identifier: str, share: float) -> bool:
    """Whether a training example is for validation; a larger share keeps the examples of a smaller one."""
    return uniform_hash(identifier) < share


def check_range(name: str, value: float, *, minimum: float, maximum: float) -> float:
    """Returns `value` if it lies in [minimum, maximum].

    Raises:
        UserError: it does not; the message calls it `name`.
    """
    if not minimum <= value <= maximum:
        raise UserError(f"{name} must lie in [{minimum:g}, {maximum:g}]. Received: {value}.")
    return value


def check_share(name: str, value: float) -> float:
    """Returns `value` if it lies in (0, 1).

    Raises:
        UserError: it does not; the message calls it `name`.
    """
    if not 0 < value < 1:
        raise UserError(f"{name} must lie in (0, 1). Received: {value}.")
    return value


def check_choice(name: str, value: str, choices: Sequence[str]) -> None:
    """Checks that `value` is one of the choices.

    Raises:
        UserError: it is not; the message calls it `name`.
    """
    if value not in choices:
        raise UserError(f"{name} must be {' or '.join(choices)}. Received: {value!r}.")
