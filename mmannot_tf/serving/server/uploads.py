"""`/annotate`: photographs and tags from an HTML form."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import NotRequired

import numpy as np
from fastapi import APIRouter, Request, Response

from mmannot_tf.decisions.override import Override
from mmannot_tf.serving.annotation import (
    Annotation,
    AnnotationDocument,
    LabelDocument,
    Unreadable,
    UnreadableDocument,
)
from mmannot_tf.serving.inputs.metadata_tags import keyword_tags
from mmannot_tf.serving.network import NetworkOutputs
from mmannot_tf.serving.server.errors import JsonResponse, RequestError, short_repr
from mmannot_tf.serving.server.forms import Part, parse_form
from mmannot_tf.serving.server.limits import Limits
from mmannot_tf.serving.server.model_versions import LiveModel, ModelVersion
from mmannot_tf.serving.server.overrides import decided, override_in_query
from mmannot_tf.serving.server.request_facts import facts_of
from tfrecords_tools.photographs.keywords import PhotographKeywords, embedded_keywords
from tfrecords_tools.photographs.unreadable import UnreadableImageError

MAX_NAME = 255
"""The number of characters of a file's name that the response repeats. No file of that name is opened."""
MAX_DIGITS = 10
TAGS_FROM, METADATA = "tags_from", "metadata"
"""A form's field that adds each photograph's own keywords to its tags, and its only value."""
RANKING = "ranking"
"""The query parameter for the number of labels to rank, whether selected or not."""


class UploadDocument(AnnotationDocument):
    """The annotation of an upload as JSON values.

    Attributes:
        known_tags: how many of its tags the model knows.
        ranking: the best labels, whether selected or not.
        metadata_problems: damaged metadata whose keywords could not be read.
    """

    known_tags: int
    ranking: NotRequired[list[LabelDocument]]
    metadata_problems: NotRequired[list[str]]


class Uploads:
    """Answers a form with files `images`, `tags` once for all of them or once for each, and `tags_from`."""

    def __init__(self, version: ModelVersion, limits: Limits):
        """`limits` says how many images a form may hold."""
        self._version, self._predictor, self._limits = version.number, version.predictor, limits
        self._model = version.annotator.model

    async def annotate(self, request: Request) -> Response:
        """Annotates a form's images; an unreadable image has an error instead."""
        ranked, override = self._ranked(request), override_in_query(request.query_params, (RANKING,))
        parts = await asyncio.to_thread(
            parse_form,
            await request.body(),
            request.headers.get("content-type", ""),
            max_parts=2 * self._limits.images + 1,
            max_text_bytes=self._limits.tag_bytes,
        )
        files, tags = self._fields([part for part in parts if part.name != TAGS_FROM])
        facts_of(request.scope).images = len(files)
        encoded = [bytes(file.content) for file in files]
        keywords = [PhotographKeywords()] * len(files)
        if _wants_keywords(parts):
            keywords = await asyncio.to_thread(lambda: [embedded_keywords(image) for image in encoded])
            most = self._limits.tag_bytes
            tags = [_joined(text, own.words, most) for text, own in zip(tags, keywords, strict=True)]
        names = [(file.file_name or "")[:MAX_NAME] for file in files]
        tag_lists, unknown = await asyncio.to_thread(self._predictor.find_tags, tags)
        answers = await self._predictor([partial(self._predictor.decode, raw) for raw in encoded], tag_lists)
        known = (tag_lists >= 0).sum(axis=1).tolist()
        results = [
            self._result(self._decided(answer, tag_list, override), name, text, words, own.problems, ranked)
            for answer, tag_list, name, text, words, own in zip(
                answers, tag_lists, names, tags, zip(known, unknown, strict=True), keywords, strict=True
            )
        ]
        return JsonResponse(
            {
                "model": self._model.digest,
                "version": self._version,
                "probabilities": "uncalibrated",
                "decisions": self._predictor.annotator.decides(override),
                "results": results,
            }
        )

    def _decided(
        self, answer: NetworkOutputs | UnreadableImageError, tag_list: np.ndarray, override: Override | None
    ) -> NetworkOutputs | UnreadableImageError:
        if isinstance(answer, UnreadableImageError):
            return answer
        return decided(self._predictor.annotator, answer, tag_list[np.newaxis], override)

    def _result(
        self,
        answer: NetworkOutputs | UnreadableImageError,
        name: str,
        tags: str,
        words: tuple[int, Sequence[str]],
        problems: Sequence[str],
        ranked: int,
    ) -> UploadDocument | UnreadableDocument:
        if isinstance(answer, UnreadableImageError):
            return Unreadable(name, tags, str(answer)).document()
        labels = self._model.labels
        annotation = Annotation.from_outputs(answer, 0, labels=labels, image=name, tags=tags)
        document: UploadDocument = {
            **annotation.document(),
            "known_tags": words[0],
            "unknown_tags": list(words[1]),
        }
        if problems:
            document["metadata_problems"] = list(problems)
        if ranked:
            document["ranking"] = [
                {"label": labels[label], "probability": float(answer.probabilities[0, label])}
                for label in answer.order[0, :ranked]
            ]
        return document

    def _fields(self, parts: Sequence[Part]) -> tuple[list[Part], list[str]]:
        """Returns a form's files, and the tags of each."""
        files = [part for part in parts if part.name == "images" and part.file_name is not None]
        tags = [part.text() for part in parts if part.name == "tags" and part.file_name is None]
        if len(files) + len(tags) < len(parts) or not files:
            raise RequestError(
                400, "A form must have files named images, optionally tags and tags_from, and nothing else."
            )
        if len(files) > self._limits.images:
            raise RequestError(
                400, f"A form must have at most {self._limits.images} images. Received: {len(files)}."
            )
        if len(tags) not in (0, 1, len(files)):
            raise RequestError(
                400, f"tags must be text, once or for each image. Received: {len(tags)} for {len(files)}."
            )
        return files, tags if len(tags) == len(files) else (tags or [""]) * len(files)

    def _ranked(self, request: Request) -> int:
        value = request.query_params.get(RANKING, "0")
        if not (value.isascii() and value.isdigit() and len(value) < MAX_DIGITS):
            raise RequestError(400, f"{RANKING} must be a number of labels. Received: {short_repr(value)}.")
        return min(int(value), len(self._model.labels))


def _wants_keywords(parts: Sequence[Part]) -> bool:
    values = [part.text() for part in parts if part.name == TAGS_FROM]
    if any(value not in ("", METADATA) for value in values):
        raise RequestError(400, f"{TAGS_FROM} must be {METADATA}. Received: {short_repr(values)}.")
    return METADATA in values


def _joined(tags: str, keywords: Sequence[str], most: int) -> str:
    """Returns tags and as many keywords as `most` bytes hold, as one text."""
    texts = [tags] if tags.strip() else []
    size = len(tags.encode())
    for text in keyword_tags(keywords):
        size += len(f", {text}".encode())
        if size > most:
            break
        texts.append(text)
    return ", ".join(texts)


def router(model: LiveModel, limits: Limits) -> APIRouter:
    """Returns the route."""
    routes = APIRouter()

    @routes.post("/annotate")
    async def annotate(request: Request) -> Response:
        with model.acquire(request.scope) as version:
            return await Uploads(version, limits).annotate(request)

    return routes
