"""Converts JSON values of a request to bytes, text, integers and arrays."""

import base64
from collections.abc import Sequence

import numpy as np

from mmannot_tf.serving.server.errors import RequestError, short_repr
from mmannot_tf.serving.server.json_parsing import MAX_ENTRIES, JsonValue

BASE64 = "b64"
"""TensorFlow Serving's key for bytes: `{"b64": "…"}`."""
INT32 = np.iinfo(np.int32)
BLANKS = " \t\n\v\f\r"
"""White space that base64 may contain anywhere, such as a line break every 76 characters."""
PIECE = 1 << 18
"""The number of characters of base64 that are decoded at once; other threads run between two pieces."""
NUMBERS = frozenset((int, float))
"""The types of JSON's numbers; bool is none of them."""
LARGEST = 1e38
"""Of a number; a float32 holds it."""
ANY = -1
"""In a shape: any size."""


def to_bytes(name: str, value: JsonValue) -> bytes:
    """Converts a string or `{"b64": …}` as TensorFlow Serving does.

    The base64 may be padded or not and contain line breaks; its alphabet is the standard one, with `+`
    and `/`.

    Raises:
        RequestError: the value is neither.
    """
    if isinstance(value, str):
        return _utf8(name, value)
    encoded = value[BASE64] if isinstance(value, dict) and set(value) == {BASE64} else None
    if not isinstance(encoded, str):
        raise RequestError(400, f'{name} must be a string or {{"b64": "…"}}. Received: {short_repr(value)}.')
    try:
        return _from_base64(encoded)
    except ValueError as error:
        raise RequestError(
            400, f'{name} must be base64 alone in {{"b64": "…"}}. Received: {short_repr(encoded)} ({error}).'
        ) from None


def to_image(name: str, value: JsonValue) -> bytes:
    """Converts `{"b64": …}`. A string is refused: no photograph is text, but base64 without its key is.

    Raises:
        RequestError: the value is something else.
    """
    if isinstance(value, str):
        raise RequestError(
            400, f'{name} must be {{"b64": "…"}} with a file as base64. Received: {short_repr(value)}.'
        )
    return to_bytes(name, value)


def to_text(name: str, value: JsonValue, *, max_bytes: int) -> str:
    """Converts as `to_bytes` does; the bytes must be UTF-8.

    Raises:
        RequestError: the value is not text, or longer than `max_bytes`.
    """
    raw = to_bytes(name, value)
    if len(raw) > max_bytes:
        raise RequestError(400, f"{name} must have at most {max_bytes:,} bytes. Received: {len(raw):,}.")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RequestError(
            400, f"{name} must be UTF-8. Received: {short_repr(raw)} ({error.reason})."
        ) from None


def to_integer(name: str, value: JsonValue) -> int:
    """Converts a 32-bit integer.

    Raises:
        RequestError: the value is another number, or not a number.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not INT32.min <= value <= INT32.max:
        raise RequestError(400, f"{name} must be a 32-bit integer. Received: {short_repr(value)}.")
    return value


def to_number(name: str, value: JsonValue) -> float:
    """Converts a number.

    Raises:
        RequestError: the value is not a number, or larger than a float.
    """
    if isinstance(value, int | float) and not isinstance(value, bool) and -LARGEST < value < LARGEST:
        return float(value)
    raise RequestError(400, f"{name} must be a number. Received: {short_repr(value)}.")


def to_array(name: str, value: JsonValue, shape: Sequence[int], *, high: float) -> np.ndarray:
    """Converts nested lists of numbers from 0 to `high` to an array; -1 in `shape` is any size.

    Raises:
        RequestError: the lists have another shape or other values.
    """
    rule = f"{name} must be numbers from 0 to {high:g} of shape {[*shape]}"
    if not isinstance(value, list) or not 0 < len(value) <= MAX_ENTRIES:
        raise RequestError(400, f"{rule}. Received: {short_repr(value)}.")
    try:
        rows = [_numbers(row) for row in value]
        array = np.stack(rows)
    except ValueError:
        raise RequestError(
            400, f"{rule}. Received: other values, or lists of unequal lengths: {short_repr(value)}."
        ) from None
    if array.ndim != len(shape) or any(
        expected not in (ANY, size) for expected, size in zip(shape, array.shape, strict=True)
    ):
        raise RequestError(400, f"{rule}. Received: shape {[*array.shape]}.")
    if array.size == 0 or not ((array >= 0) & (array <= high)).all():
        raise RequestError(400, f"{rule}. Received: other values, or none.")
    return array


def _numbers(row: JsonValue) -> np.ndarray:
    """Converts one row of an array; other threads run between two rows.

    Raises:
        ValueError: it has lists of unequal lengths, or something other than numbers.
    """
    _check_numbers(row)
    array = np.asarray(row)
    if array.dtype.kind not in "iuf":
        raise ValueError("not numbers")
    return array


def _check_numbers(value: JsonValue) -> None:
    """Numpy would make all entries as long as the longest text among them.

    Raises:
        ValueError: it holds something other than numbers and lists.
    """
    entries = value if isinstance(value, list) else [value]
    if not NUMBERS.issuperset(map(type, entries)):
        for entry in entries:
            if isinstance(entry, list):
                _check_numbers(entry)
            elif type(entry) not in NUMBERS:
                raise ValueError("not numbers")


def _from_base64(text: str) -> bytes:
    """Decodes base64 piece by piece.

    Raises:
        ValueError: it has other characters, or another length.
    """
    text = text.rstrip("=" + BLANKS)
    blanks = dict.fromkeys(map(ord, BLANKS))
    parts, rest = [], ""
    for start in range(0, len(text), PIECE):
        letters = rest + text[start : start + PIECE].translate(blanks)
        if "=" in letters:
            raise ValueError("= before the end")
        whole = len(letters) - len(letters) % 4
        parts.append(base64.b64decode(letters[:whole], validate=True))
        rest = letters[whole:]
    parts.append(base64.b64decode(rest + "=" * (-len(rest) % 4), validate=True))
    return b"".join(parts)


def _utf8(name: str, value: str) -> bytes:
    try:
        return value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise RequestError(
            400, f"{name} must be Unicode text. Received: {short_repr(value)} ({error.reason})."
        ) from None
