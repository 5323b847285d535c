"""JSON values of a request as bytes, text, numbers and arrays. No TensorFlow."""

import base64
import binascii
from collections.abc import Sequence
from typing import Any

import numpy as np

from mmannot_tf.serving.server.errors import RequestError, shown

BASE64 = "b64"
"""TensorFlow Serving's key for bytes: `{"b64": "…"}`."""
INT32 = np.iinfo(np.int32)
ANY = -1


def binary(name: str, value: Any) -> bytes:
    """Bytes: a string, or `{"b64": …}`, padded or not.

    Raises:
        RequestError: it is neither.
    """
    if isinstance(value, str):
        return _utf8(name, value)
    if not isinstance(value, dict) or set(value) != {BASE64} or not isinstance(value[BASE64], str):
        raise RequestError(400, f'{name} must be a string or {{"b64": "…"}}. Received: {shown(value)}.')
    letters = value[BASE64].rstrip("=")
    try:
        return base64.b64decode(letters + "=" * (-len(letters) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise RequestError(400, f"{name} must be base64. Received: {shown(letters)} ({error}).") from None


def text(name: str, value: Any, *, most: int) -> str:
    """Text: as `binary`, in UTF-8, of at most so many bytes.

    Raises:
        RequestError: it is not.
    """
    raw = binary(name, value)
    if len(raw) > most:
        raise RequestError(400, f"{name} must have at most {most:,} bytes. Received: {len(raw):,}.")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RequestError(400, f"{name} must be UTF-8. Received: {shown(raw)} ({error.reason}).") from None


def integer(name: str, value: Any) -> int:
    """A whole number that fits 32 bits.

    Raises:
        RequestError: it is none.
    """
    if type(value) is not int or not INT32.min <= value <= INT32.max:
        raise RequestError(400, f"{name} must be a 32-bit integer. Received: {shown(value)}.")
    return value


def array(name: str, value: Any, shape: Sequence[int], *, high: float) -> np.ndarray:
    """Nested lists of numbers from 0 to `high`, as an array of that shape, in which -1 is any number.

    Raises:
        RequestError: they have another shape or other values.
    """
    rule = f"{name} must be numbers from 0 to {high:g} of shape {[*shape]}"
    try:
        found = np.asarray(value)
    except ValueError:
        raise RequestError(400, f"{rule}. Received: lists of unequal lengths.") from None
    if found.dtype.kind not in "iuf":
        raise RequestError(400, f"{rule}. Received: {shown(value)}.")
    same_rank = found.ndim == len(shape)
    if not same_rank or any(ANY != one != other for one, other in zip(shape, found.shape, strict=True)):
        raise RequestError(400, f"{rule}. Received: shape {[*found.shape]}.")
    if found.size == 0 or not ((found >= 0) & (found <= high)).all():
        raise RequestError(400, f"{rule}. Received: others, or none.")
    return found


def _utf8(name: str, value: str) -> bytes:
    try:
        return value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise RequestError(
            400, f"{name} must be Unicode text. Received: {shown(value)} ({error.reason})."
        ) from None
