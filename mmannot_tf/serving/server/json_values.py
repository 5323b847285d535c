"""Converts JSON values of a request to bytes, text, integers and arrays."""

import base64
import binascii
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from mmannot_tf.serving.server.errors import RequestError, short_repr

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"
BASE64 = "b64"
"""TensorFlow Serving's key for bytes: `{"b64": "…"}`."""
INT32 = np.iinfo(np.int32)
ANY = -1
"""In a shape: any size."""


def to_bytes(name: str, value: JsonValue) -> bytes:
    """Converts a string or `{"b64": …}`, padded or not.

    Raises:
        RequestError: the value is neither.
    """
    if isinstance(value, str):
        return _utf8(name, value)
    encoded = value[BASE64] if isinstance(value, dict) and set(value) == {BASE64} else None
    if not isinstance(encoded, str):
        raise RequestError(400, f'{name} must be a string or {{"b64": "…"}}. Received: {short_repr(value)}.')
    letters = encoded.rstrip("=")
    try:
        return base64.b64decode(letters + "=" * (-len(letters) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise RequestError(
            400, f"{name} must be base64. Received: {short_repr(letters)} ({error})."
        ) from None


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


def to_array(name: str, value: JsonValue, shape: Sequence[int], *, high: float) -> np.ndarray:
    """Converts nested lists of numbers from 0 to `high` to an array; -1 in `shape` is any size.

    Raises:
        RequestError: the lists have another shape or other values.
    """
    rule = f"{name} must be numbers from 0 to {high:g} of shape {[*shape]}"
    try:
        array = np.asarray(value)
    except ValueError:
        raise RequestError(400, f"{rule}. Received: lists of unequal lengths.") from None
    if array.dtype.kind not in "iuf":
        raise RequestError(400, f"{rule}. Received: {short_repr(value)}.")
    if array.ndim != len(shape) or any(
        expected not in (ANY, size) for expected, size in zip(shape, array.shape, strict=True)
    ):
        raise RequestError(400, f"{rule}. Received: shape {[*array.shape]}.")
    if array.size == 0 or not ((array >= 0) & (array <= high)).all():
        raise RequestError(400, f"{rule}. Received: other values, or none.")
    return array


def _utf8(name: str, value: str) -> bytes:
    try:
        return value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise RequestError(
            400, f"{name} must be Unicode text. Received: {short_repr(value)} ({error.reason})."
        ) from None
