"""`/annotate`: photographs and tags as a form sends them."""

import asyncio
from typing import Any

from fastapi import APIRouter, Request, Response
from python_multipart.exceptions import FormParserError
from starlette.datastructures import FormData, UploadFile

from mmannot_tf.serving.annotation import Unread, annotation
from mmannot_tf.serving.reading import UnreadableError
from mmannot_tf.serving.server.errors import JsonResponse, RequestError
from mmannot_tf.serving.server.limits import Limits
from mmannot_tf.serving.server.predictor import Predictor

MOST_NAME = 255
"""Characters of a file's name that the answer repeats; the name is opened nowhere."""


class Uploads:
    """Answers forms: files `images`, and `tags` once for all of them or once for each."""

    def __init__(self, predictor: Predictor, limits: Limits):
        """`limits` says how many images a form may hold."""
        self._predictor, self._limits = predictor, limits

    async def annotate(self, request: Request) -> Response:
        """Annotates a form's images; one that cannot be read has an error in its place."""
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "multipart/form-data":
            raise RequestError(415, "Images must come as multipart/form-data.")
        most = self._limits.images
        try:
            async with request.form(max_files=most, max_fields=most, max_part_size=1 << 16) as form:
                files, tags = self._fields(form)
                images = [await file.read() for file in files]
        except FormParserError as error:
            raise RequestError(400, f"The body must be multipart/form-data. Received: {error}.") from None
        names = [(file.filename or "")[:MOST_NAME] for file in files]
        vectors = await asyncio.to_thread(self._predictor.annotator.tag_vectors, tags)
        answers = await self._predictor(self._predictor.decode, images, vectors)
        model = self._predictor.annotator.model
        results = [
            Unread(name, text, str(one))
            if isinstance(one, UnreadableError)
            else annotation(one, 0, labels=model.labels, image=name, tags=text)
            for one, name, text in zip(answers, names, tags, strict=True)
        ]
        return JsonResponse({"model": model.digest, "results": [one.document() for one in results]})

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


def router(predictor: Predictor, limits: Limits) -> APIRouter:
    """The route."""
    routes = APIRouter()
    routes.post("/annotate")(Uploads(predictor, limits).annotate)
    return routes
