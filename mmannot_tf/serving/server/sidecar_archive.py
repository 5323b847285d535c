"""`/sidecars`: the labels of photographs as XMP files in one ZIP archive, without the photographs."""

import asyncio
import io
import re
import time
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from mmannot_tf.serving.model import Model
from mmannot_tf.serving.outputs.new_sidecar import new_sidecar
from mmannot_tf.serving.server.errors import RequestError, short_repr
from mmannot_tf.serving.server.json_parsing import JsonValue, parse_json
from mmannot_tf.serving.server.json_values import to_text
from mmannot_tf.serving.server.limits import Limits
from mmannot_tf.serving.server.model_versions import LiveModel
from tfrecords_tools.photographs.sidecars import SUFFIX
from tfrecords_tools.shell.paths import matching_form, path_below

MAX_PHOTOGRAPHS = 2_000
MAX_VALUES = 1 << 16
"""Commas and brackets of a body: thirty for each of so many photographs."""
MAX_PATH = 4096
"""Bytes of a path, as Linux has it."""
FIELDS = ("path", "given", "predicted")
MODEL = "model"
"""The field that can be left out: the digest of the model that predicted, as `/annotate` says it."""
DIGEST = re.compile(r"[0-9a-f]{1,64}")
SHOWN_DIGITS = 12
HEADERS = {
    "content-disposition": 'attachment; filename="sidecars.zip"',
    "x-content-type-options": "nosniff",
}
READABLE = 0o644 << 16
"""The mode of unpacked files, where ZIP archives keep it."""


@dataclass(frozen=True)
class LabelledPhotograph:
    """The labels of a photograph.

    Attributes:
        path: relative, with forward slashes; no file of that name is opened.
        given: labels that a person gave.
        predicted: labels that the model gave and nobody rejected.
        model: the first digits of the digest of the model that gave them.
    """

    path: str
    given: Sequence[str]
    predicted: Sequence[str]
    model: str


class SidecarArchive:
    """Answers with a sidecar for each photograph."""

    def __init__(self, model: Model, limits: Limits):
        """`limits` says how large a body, and each of its texts, may be."""
        self._model, self._limits = model, limits

    async def sidecars(self, request: Request) -> Response:
        """Returns the archive."""
        content = await asyncio.to_thread(self._archive, await request.body())
        return Response(content, media_type="application/zip", headers=HEADERS)

    def _archive(self, body: bytes) -> bytes:
        document = parse_json(body, max_values=min(MAX_VALUES, self._limits.json_values))
        photographs = document.get("photographs") if isinstance(document, dict) else None
        if not isinstance(document, dict) or len(document) > 1 or not isinstance(photographs, list):
            raise RequestError(
                400, f"The body must be an object with photographs, a list. Received: {short_repr(document)}."
            )
        if not 0 < len(photographs) <= MAX_PHOTOGRAPHS:
            raise RequestError(
                400, f"photographs must be 1 to {MAX_PHOTOGRAPHS:,}. Received: {len(photographs):,}."
            )
        parsed = [self._photograph(entry) for entry in photographs]
        return _archive(parsed)

    def _photograph(self, value: JsonValue) -> LabelledPhotograph:
        if not isinstance(value, dict) or value.keys() - {MODEL} != {*FIELDS}:
            raise RequestError(
                400,
                f"A photograph must be an object with {', '.join(FIELDS)}, and optionally {MODEL}. Received: "
                f"{short_repr(value)}.",
            )
        path = to_text("path", value["path"], max_bytes=MAX_PATH)
        try:
            path = path_below(path)
        except ValueError as error:
            raise RequestError(
                400, f"path must lie below the photographs' folder. Received: {error}."
            ) from None
        given, predicted = (self._labels(name, value[name]) for name in FIELDS[1:])
        return LabelledPhotograph(path, given, predicted, self._predicting(value.get(MODEL)))

    def _predicting(self, value: JsonValue) -> str:
        """The first digits of the model that predicted: the one that the request names, or this one."""
        if value is None:
            return self._model.digest[:SHOWN_DIGITS]
        if not isinstance(value, str) or not DIGEST.fullmatch(value):
            raise RequestError(
                400, f"{MODEL} must be a digest, as /annotate says it. Received: {short_repr(value)}."
            )
        return value[:SHOWN_DIGITS]

    def _labels(self, name: str, value: JsonValue) -> list[str]:
        if not isinstance(value, list):
            raise RequestError(400, f"{name} must be a list of labels. Received: {short_repr(value)}.")
        return [to_text("label", label, max_bytes=self._limits.tag_bytes) for label in value]


def _archive(photographs: Sequence[LabelledPhotograph]) -> bytes:
    written, now = io.BytesIO(), time.localtime()[:6]
    with zipfile.ZipFile(written, "w") as archive:
        for name, photograph in zip(_names(photographs), photographs, strict=True):
            entry = zipfile.ZipInfo(name, now)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, READABLE
            archive.writestr(entry, _sidecar(photograph))
    return written.getvalue()


def _sidecar(photograph: LabelledPhotograph) -> bytes:
    return new_sidecar(photograph.predicted, photograph.model, given=photograph.given)


def _names(photographs: Sequence[LabelledPhotograph]) -> Iterator[str]:
    """The sidecars' names; a path that came before is in a folder with the next free number, from 2 on."""
    last: dict[str, int] = {}
    used: set[str] = set()
    for photograph in photographs:
        own = name = photograph.path + SUFFIX
        while _folded(name) in used:
            last[_folded(own)] = number = last.get(_folded(own), 1) + 1
            name = f"{number}/{own}"
        used.add(_folded(name))
        yield name


def _folded(name: str) -> str:
    """Equal for names that are one file on some system."""
    return matching_form(name).casefold()


def router(model: LiveModel, limits: Limits) -> APIRouter:
    """Returns the route."""
    routes = APIRouter()

    @routes.post("/sidecars")
    async def sidecars(request: Request) -> Response:
        with model.acquire(request.scope) as version:
            return await SidecarArchive(version.annotator.model, limits).sidecars(request)

    return routes
