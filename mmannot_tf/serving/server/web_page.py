"""The page at `/`: three files, read when the server starts."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from fastapi import APIRouter, Response

FOLDER = Path(__file__).with_name("page")
FILES = {
    "/": ("index.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/page.js": ("page.js", "text/javascript"),
}
"""Each path's file and media type."""
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
    for path, (name, kind) in FILES.items():
        response = Response((FOLDER / name).read_bytes(), media_type=kind, headers=HEADERS)
        routes.get(path)(_constant(response))
    return routes


def _constant(response: Response) -> Callable[[], Awaitable[Response]]:
    async def answer() -> Response:
        return response

    return answer
