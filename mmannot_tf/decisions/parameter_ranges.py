"""What the parameters of ways may be, wherever they come from."""

from numbers import Integral, Real

from tfrecords_tools.shell.errors import UserError

LARGEST = 2**31 - 1
"""Of a number of labels: a graph holds it in 32 bits."""
LEAST_BETA, MOST_BETA = 0.01, 100.0


def whole_number(name: str, value: object) -> int:
    """A number of labels as an int.

    Raises:
        UserError: it is no whole number from 0 to `LARGEST`.
    """
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise UserError(f"{name} must be a whole number. Received: {value!r}.")
    number = int(value)
    if number < 0:
        raise UserError(f"{name} must be at least 0. Received: {number}.")
    if number > LARGEST:
        raise UserError(f"{name} must be at most {LARGEST}. Received: {number}.")
    return number


def real_number(name: str, value: object, low: float, high: float, rule: str) -> float:
    """A number as a float.

    Raises:
        UserError: it is no number from `low` to `high`; `rule` says what it must be.
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        raise UserError(f"{name} must be {rule}. Received: {value!r}.")
    number = float(value)
    if not low <= number <= high:
        raise UserError(f"{name} must be {rule}. Received: {number:g}.")
    return number


def weight_of_recall(value: object) -> float:
    """β as a float.

    Raises:
        UserError: it is no number from 0.01 to 100.
    """
    rule = f"from {LEAST_BETA:g} to {MOST_BETA:g}"
    return real_number("beta", value, LEAST_BETA, MOST_BETA, rule)


def check_order(least: int | None, most: int | None) -> None:
    """Checks that two bounds of the number of labels fit together; None is no bound.

    Raises:
        UserError: `most` is below `least`.
    """
    if least is not None and most is not None and least > most:
        raise UserError(f"most must not be below least. Received: {most}, and least {least}.")
