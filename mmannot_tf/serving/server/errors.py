"""Errors of a request, as TensorFlow Serving writes them: `{"error": …}` and a status."""

import json
import reprlib

from starlette.responses import Response

MAX_SHOWN = 100
"""The number of characters of a request that an error repeats."""
_SHORT = reprlib.Repr()
_SHORT.maxlevel = 3
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 2 * MAX_SHOWN


class RequestError(Exception):
    """A request breaks a rule. The text names the rule and the value received, in one line."""

    def __init__(self, status: int, text: str):
        """`status` is the HTTP status."""
        super().__init__(text)
        self.status = status


class JsonResponse(Response):
    """A JSON document in ASCII, so that no text can fail to encode."""

    media_type = "application/json"

    def render(self, content: object) -> bytes:
        """Encodes the document."""
        return json.dumps(content, allow_nan=False).encode("ascii")


def error_response(status: int, text: str) -> JsonResponse:
    """Returns an error as TensorFlow Serving writes it."""
    return JsonResponse({"error": text}, status)


def short_repr(value: object) -> str:
    """Returns a value for an error message, truncated; the time does not grow with the value."""
    text = _SHORT.repr(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
