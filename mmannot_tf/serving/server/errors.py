"""What is wrong with a request, as TensorFlow Serving says it: `{"error": …}` and a status. No TensorFlow."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

MOST_SHOWN = 100
"""Characters of a request that an error repeats."""


class RequestError(Exception):
    """What must hold for a request, and what came, in one line."""

    def __init__(self, status: int, text: str):
        """`status` is HTTP's."""
        super().__init__(text)
        self.status = status


class JsonResponse(Response):
    """ASCII, so that no text can fail to encode."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """As one JSON document."""
        return json.dumps(content, allow_nan=False).encode("ascii")


def error_response(status: int, text: str) -> JsonResponse:
    """An error as TensorFlow Serving writes it."""
    return JsonResponse({"error": text}, status)


async def on_request_error(_: Request, error: RequestError) -> Response:
    """The answer to a request that is wrong."""
    return error_response(error.status, str(error))


def shown(value: Any) -> str:
    """A value that came, as an error shows it: cut short."""
    text = repr(value)
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…"
