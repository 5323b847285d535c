"""The page at `/`: three files, read at the start. No TensorFlow."""

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
"""So that the page loads nothing from elsewhere, and sends photographs nowhere else."""


def router() -> APIRouter:
    """The routes."""
    routes = APIRouter()
    for path, (name, kind) in FILES.items():
        response = Response((FOLDER / name).read_bytes(), media_type=kind, headers=HEADERS)
        routes.get(path)(_always(response))
    return routes


def _always(response: Response):
    async def answer() -> Response:
        return response

    return answer
