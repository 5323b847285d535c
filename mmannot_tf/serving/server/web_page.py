"""The page at `/`: its files, read when the server starts."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from fastapi import APIRouter, Response

FOLDER = Path(__file__).with_name("page")
INDEX = "index.html"
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
"""The media type of each kind of file."""
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src blob: data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}
"""They stop the page from loading anything from other servers and from sending photographs to them."""


def router() -> APIRouter:
    """Returns the routes."""
    routes = APIRouter()
    for file in sorted(FOLDER.iterdir()):
        response = Response(file.read_bytes(), media_type=TYPES[file.suffix], headers=HEADERS)
        routes.get("/" if file.name == INDEX else f"/{file.name}")(_constant(response))
    return routes


def _constant(response: Response) -> Callable[[], Awaitable[Response]]:
    async def answer() -> Response:
        return response

    return answer
