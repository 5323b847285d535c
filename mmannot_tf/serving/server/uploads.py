"""`/annotate`: photographs and tags from an HTML form."""

import asyncio
from functools import partial
from typing import NotRequired

from fastapi import APIRouter, Request, Response
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, UploadFile

from mmannot_tf.serving.annotating.decoding import UnreadableError
from mmannot_tf.serving.annotation import (
    Annotation,
    AnnotationDocument,
    LabelDocument,
    Unreadable,
    UnreadableDocument,
)
from mmannot_tf.serving.network import NetworkOutputs
from mmannot_tf.serving.server.errors import JsonResponse, RequestError, short_repr
from mmannot_tf.serving.server.limits import Limits
from mmannot_tf.serving.server.predictor import Predictor

MAX_NAME = 255
"""The number of characters of a file's name that the response repeats. No file of that name is opened."""
MAX_DIGITS = 10
RANKING = "ranking"
"""The query parameter for the number of labels to rank, whether selected or not."""


class UploadDocument(AnnotationDocument):
    """The annotation of an upload as JSON values.

    Attributes:
        unknown_tags: the tags that the model does not know.
        ranking: the best labels, whether selected or not.
    """

    unknown_tags: list[str]
    ranking: NotRequired[list[LabelDocument]]


class Uploads:
    """Answers forms with files `images`, and `tags` once for all of them or once for each."""

    def __init__(self, predictor: Predictor, limits: Limits):
        """`limits` says how many images a form may hold."""
        self._predictor, self._limits = predictor, limits
        self._model = predictor.annotator.model

    async def annotate(self, request: Request) -> Response:
        """Annotates a form's images; an unreadable image has an error instead."""
        ranked = self._ranked(request)
        await _check_complete(request)
        images, tag_bytes = self._limits.images, self._limits.tag_bytes
        try:
            async with request.form(max_files=images, max_fields=images, max_part_size=tag_bytes) as form:
                files, tags = _fields(form)
                encoded = [await file.read() for file in files]
        except FormParserError as error:
            raise RequestError(400, f"The body must be multipart/form-data. Received: {error}.") from None
        names = [(file.filename or "")[:MAX_NAME] for file in files]
        tag_lists = await asyncio.to_thread(self._predictor.annotator.tag_lists, tags)
        answers = await self._predictor([partial(self._predictor.decode, raw) for raw in encoded], tag_lists)
        results = [
            self._result(answer, name, text, ranked)
            for answer, name, text in zip(answers, names, tags, strict=True)
        ]
        return JsonResponse({"model": self._model.digest, "results": results})

    def _result(
        self, answer: NetworkOutputs | UnreadableError, name: str, tags: str, ranked: int
    ) -> UploadDocument | UnreadableDocument:
        if isinstance(answer, UnreadableError):
            return Unreadable(name, tags, str(answer)).document()
        labels = self._model.labels
        annotation = Annotation.from_outputs(answer, 0, labels=labels, image=name, tags=tags)
        document: UploadDocument = {
            **annotation.document(),
            "unknown_tags": self._predictor.annotator.unknown_tags(tags),
        }
        if ranked:
            document["ranking"] = [
                {"label": labels[label], "probability": float(answer.probabilities[0, label])}
                for label in answer.order[0, :ranked]
            ]
        return document

    def _ranked(self, request: Request) -> int:
        value = request.query_params.get(RANKING, "0")
        if not (value.isascii() and value.isdigit() and len(value) < MAX_DIGITS):
            raise RequestError(400, f"{RANKING} must be a number of labels. Received: {short_repr(value)}.")
        return min(int(value), len(self._model.labels))


def _fields(form: FormData) -> tuple[list[UploadFile], list[str]]:
    """Returns a form's files, and the tags of each."""
    images, texts = form.getlist("images"), form.getlist("tags")
    files = [image for image in images if isinstance(image, UploadFile)]
    tags = [text for text in texts if isinstance(text, str)]
    if set(form) - {"images", "tags"} or not files or len(files) < len(images):
        raise RequestError(400, "A form must have files named images, optionally tags, and nothing else.")
    if len(tags) < len(texts) or len(tags) not in (0, 1, len(files)):
        raise RequestError(
            400, f"tags must be text, once or for each image. Received: {len(texts)} for {len(files)}."
        )
    return files, tags if len(tags) == len(files) else (tags or [""]) * len(files)


async def _check_complete(request: Request) -> None:
    """Checks that a form is complete, because Starlette would drop a truncated last part.

    Raises:
        RequestError: the body is not a form, or truncated.
    """
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind.lower() != b"multipart/form-data":
        raise RequestError(415, "Images must be sent as multipart/form-data.")
    end = b"--" + options.get(b"boundary", b"") + b"--"
    if len(end) == len(b"----") or end not in await request.body():
        raise RequestError(400, "A form must name its boundary and end with it.")


def router(predictor: Predictor, limits: Limits) -> APIRouter:
    """Returns the route."""
    routes = APIRouter()
    routes.post("/annotate")(Uploads(predictor, limits).annotate)
    return routes
