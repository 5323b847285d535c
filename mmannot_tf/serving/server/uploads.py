"""`/annotate`: photographs and tags as a form sends them."""

import asyncio
from typing import Any

from fastapi import APIRouter, Request, Response
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, UploadFile

from mmannot_tf.serving.annotation import Unread, annotation
from mmannot_tf.serving.network import NetworkOutputs
from mmannot_tf.serving.reading import UnreadableError
from mmannot_tf.serving.server.errors import JsonResponse, RequestError, shown
from mmannot_tf.serving.server.limits import Limits
from mmannot_tf.serving.server.predictor import Predictor

MOST_NAME = 255
"""Characters of a file's name that the answer repeats; the name is opened nowhere."""
MOST_DIGITS = 10
RANKING = "ranking"
"""The query's key for how many labels to rank, whether they are given or not."""


class Uploads:
    """Answers forms: files `images`, and `tags` once for all of them or once for each."""

    def __init__(self, predictor: Predictor, limits: Limits):
        """`limits` says how many images a form may hold."""
        self._predictor, self._limits = predictor, limits
        self._model = predictor.annotator.model

    async def annotate(self, request: Request) -> Response:
        """Annotates a form's images; one that cannot be read has an error in its place."""
        ranked = self._ranked(request)
        await _whole(request)
        most = self._limits.images
        part = self._limits.tag_bytes
        try:
            async with request.form(max_files=most, max_fields=most, max_part_size=part) as form:
                files, tags = self._fields(form)
                images = [await file.read() for file in files]
        except FormParserError as error:
            raise RequestError(400, f"The body must be multipart/form-data. Received: {error}.") from None
        names = [(file.filename or "")[:MOST_NAME] for file in files]
        lists = await asyncio.to_thread(self._predictor.annotator.tag_lists, tags)
        answers = await self._predictor(self._predictor.decode, images, lists)
        results = [self._result(*one, ranked) for one in zip(answers, names, tags, strict=True)]
        return JsonResponse({"model": self._model.digest, "results": results})

    def _result(
        self, answer: NetworkOutputs | UnreadableError, name: str, tags: str, ranked: int
    ) -> dict[str, Any]:
        if isinstance(answer, UnreadableError):
            return Unread(name, tags, str(answer)).document()
        labels = self._model.labels
        found = annotation(answer, 0, labels=labels, image=name, tags=tags).document()
        found["unknown_tags"] = self._predictor.annotator.unknown_tags(tags)
        if ranked:
            found["ranking"] = [
                {"label": labels[label], "probability": float(answer.probabilities[0, label])}
                for label in answer.order[0, :ranked]
            ]
        return found

    def _ranked(self, request: Request) -> int:
        value = request.query_params.get(RANKING, "0")
        if not (value.isascii() and value.isdigit() and len(value) < MOST_DIGITS):
            raise RequestError(400, f"{RANKING} must be a number of labels. Received: {shown(value)}.")
        return min(int(value), len(self._model.labels))

    def _fields(self, form: FormData) -> tuple[list[UploadFile], list[str]]:
        files, tags = form.getlist("images"), form.getlist("tags")
        unknown: Any = sorted(set(form) - {"images", "tags"})
        if unknown or not files or not all(isinstance(one, UploadFile) for one in files):
            raise RequestError(400, "A form must have files named images, and may have tags; nothing else.")
        if not all(isinstance(one, str) for one in tags) or len(tags) not in (0, 1, len(files)):
            raise RequestError(
                400, f"tags must be text, once or for each image. Received: {len(tags)} for {len(files)}."
            )
        return files, tags if len(tags) == len(files) else (tags or [""]) * len(files)


async def _whole(request: Request) -> None:
    """Checks that a form is one, and has come to its end: Starlette would drop a last part that is cut short.

    Raises:
        RequestError: it is not.
    """
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind.lower() != b"multipart/form-data":
        raise RequestError(415, "Images must come as multipart/form-data.")
    end = b"--" + options.get(b"boundary", b"") + b"--"
    if len(end) == len(b"----") or end not in await request.body():
        raise RequestError(400, "A form must name its boundary, and end with it.")


def router(predictor: Predictor, limits: Limits) -> APIRouter:
    """The route."""
    routes = APIRouter()
    routes.post("/annotate")(Uploads(predictor, limits).annotate)
    return routes
