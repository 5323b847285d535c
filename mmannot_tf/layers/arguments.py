"""Checks of the arguments of layers, models and metrics."""

import operator
from collections.abc import Sequence
from typing import Any


def whole_number(name: str, value: Any, *, least: int, most: int | None = None) -> int:
    """The argument as an int; NumPy's integers are taken too.

    Raises:
        ValueError: it is no integer, or not in the range.
    """
    try:
        number = operator.index(value)
    except TypeError:
        number = least - 1
    if isinstance(value, bool) or number < least or (most is not None and number > most):
        limit = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise ValueError(f"{name} must be a whole number {limit}. Received: {name}={value!r}")
    return number


def fraction(name: str, value: Any, *, zero: bool = False) -> float:
    """The argument as a float below 1 and above 0; 0 itself only if `zero`.

    Raises:
        ValueError: it is no number, or not in the range.
    """
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if not (0.0 < number < 1.0 or (zero and number == 0.0)):
        least = "at least 0" if zero else "above 0"
        raise ValueError(f"{name} must be a number {least} and below 1. Received: {name}={value!r}")
    return number


def units(name: str, value: Any, *, layers: int | None = None) -> tuple[int, ...]:
    """The argument as the units of a number of hidden layers; None takes any number of layers.

    Raises:
        ValueError: it is no sequence of whole numbers of at least 1, or not of that length.
    """
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != (layers or len(value)):
        length = "a tuple" if layers is None else f"{layers} numbers"
        raise ValueError(f"{name} must be {length} of units. Received: {name}={value!r}")
    return tuple(whole_number(name, item, least=1) for item in value)
