"""Which split an example falls into where the source does not say: a pure function of its id."""

import hashlib
from typing import Annotated

import typer

from tfrecords_tools.shell.errors import UserError

HeldOut = Annotated[float, typer.Option(help="Share of the training images held out for validation.")]
"""The option of every source that holds a validation split out of its training images."""


def draw(identifier: str) -> float:
    """A number in [0, 1) drawn by the id: the same whatever else is in the data set.

    Args:
        identifier: the example's id; the first 64 bits of its SHA-256 are the number's.
    """
    bits = int.from_bytes(hashlib.sha256(identifier.encode()).digest()[:8], "big")
    return (bits >> 11) * 2.0**-53


def is_held_out(identifier: str, share: float) -> bool:
    """Whether a training example is for validation; a larger share holds out the same ones and more."""
    return draw(identifier) < share


def within(name: str, value: float, *, least: float, most: float) -> float:
    """`value`, if it lies in [least, most].

    Raises:
        UserError: it does not; the message calls it `name`.
    """
    if not least <= value <= most:
        raise UserError(f"{name} must lie in [{least:g}, {most:g}]. Received: {value}.")
    return value


def proper_share(name: str, value: float) -> float:
    """`value`, if it lies in (0, 1).

    Raises:
        UserError: it does not; the message calls it `name`.
    """
    if not 0 < value < 1:
        raise UserError(f"{name} must lie in (0, 1). Received: {value}.")
    return value
