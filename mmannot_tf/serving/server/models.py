"""`/v1/models`: TensorFlow Serving's REST interface."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from fastapi import APIRouter, Request, Response

from mmannot_tf.data.tag_lists import NONE, padded
from mmannot_tf.serving.reading import UnreadableError
from mmannot_tf.serving.server.calls import Call, answer, parse
from mmannot_tf.serving.server.errors import JsonResponse, RequestError, shown
from mmannot_tf.serving.server.limits import Limits
from mmannot_tf.serving.server.predictor import Predictor, joined
from mmannot_tf.serving.server.signatures import Signature, find, signatures
from mmannot_tf.serving.server.values import binary, integer, text

ROOT = "/v1/models/{name}"
VERSION = ROOT + "/versions/{version}"


class Models:
    """The one model that is served, by its name and version."""

    def __init__(self, predictor: Predictor, name: str, limits: Limits):
        """`name` is what stands in paths."""
        model = predictor.annotator.model
        self._predictor, self._name, self._limits, self._model = predictor, name, limits, model
        self._version = model.path.name if model.path.name.isdecimal() else "1"
        self._signatures = signatures(model)

    async def status(self, name: str, version: str | None = None) -> Response:
        """That the version is there."""
        self._check(name, version)
        state = {
            "version": self._version,
            "state": "AVAILABLE",
            "status": {"error_code": "OK", "error_message": ""},
        }
        return JsonResponse({"model_version_status": [state]})

    async def metadata(self, name: str, version: str | None = None) -> Response:
        """The signatures with their inputs and outputs."""
        self._check(name, version)
        found = {name: one.document() for name, one in self._signatures.items()}
        spec = {"name": self._name, "signature_name": "", "version": self._version}
        return JsonResponse({"model_spec": spec, "metadata": {"signature_def": {"signature_def": found}}})

    async def predict(self, request: Request, name: str, version: str | None = None) -> Response:
        """Annotates images in the row or column format."""
        self._check(name, version)
        call = await asyncio.to_thread(parse, await request.body())
        signature = find(self._signatures, call.signature)
        read, images, lists, extra = await asyncio.to_thread(self._read, call, signature)
        answers = await self._predictor(read, images, lists)
        for number, one in enumerate(answers):
            if isinstance(one, UnreadableError):
                raise RequestError(
                    400, f"Every image must be a readable JPEG or PNG. Received: image {number}: {one}."
                )
        outputs = signature.answer(joined(answers), extra)
        return JsonResponse(answer(call, {name: one.tolist() for name, one in outputs.items()}))

    def _read(
        self, call: Call, signature: Signature
    ) -> tuple[Callable[[Any], np.ndarray], list[Any], np.ndarray, Any]:
        """What reads the images, the images, their tags, int32 [B, L], and the third input."""
        columns = _complete(call.columns, signature)
        images = columns["image"]
        if not isinstance(images, list) or not 0 < len(images) <= self._limits.images:
            count = len(images) if isinstance(images, list) else shown(images)
            raise RequestError(400, f"image must be a list of 1 to {self._limits.images}. Received: {count}.")
        for name, tensor in signature.inputs.items():
            column = columns[name]
            if tensor.shape and (not isinstance(column, list) or len(column) != len(images)):
                raise RequestError(400, f"{name} must have an entry for each of {len(images)} images.")
        if "tag_lists" in columns:
            lists = padded([self._listed(one) for one in columns["tag_lists"]])
            return self._predictor.network_image, images, lists, None
        tags = [text("tags", one, most=self._limits.tag_bytes) for one in columns["tags"]]
        lists = self._predictor.annotator.tag_lists(tags)
        extra = _extra(columns, signature)
        if signature.inputs["image"].dtype == "DT_STRING":
            return self._predictor.decode, [binary("image", one) for one in images], lists, extra
        return self._predictor.resize, images, lists, extra

    def _listed(self, value: Any) -> list[int]:
        """An image's entry of `tag_lists`, without what fills it up."""
        tags = len(self._model.tags)
        rule = f"tag_lists must be lists of 1 to {tags} numbers from {NONE} to {tags - 1}"
        if not isinstance(value, list) or not 0 < len(value) <= tags:
            raise RequestError(400, f"{rule}. Received: {shown(value)}.")
        found = [integer("tag_lists", one) for one in value]
        if not all(NONE <= one < tags for one in found):
            raise RequestError(400, f"{rule}. Received: others.")
        return [one for one in found if one != NONE]

    def _check(self, name: str, version: str | None) -> None:
        if name != self._name or version not in (None, self._version):
            wanted = f"Latest({name[:50]})" if version is None else f"Specific({name[:50]}, {version[:20]})"
            raise RequestError(404, f"Servable not found for request: {wanted}")


def _complete(columns: Mapping[str, Any], signature: Signature) -> dict[str, Any]:
    """The columns with empty tags where none are given; no other may lack, and none be unknown."""
    images = columns.get("image")
    default = {"tags": [""] * len(images)} if "tags" in signature.inputs and isinstance(images, list) else {}
    found = {**default, **columns}
    if found.keys() != signature.inputs.keys():
        raise RequestError(
            400, f"The inputs must be {', '.join(signature.inputs)}. Received: {shown(sorted(columns))}."
        )
    return found


def _extra(columns: Mapping[str, Any], signature: Signature) -> Any:
    if not signature.extra:
        return None
    value = columns[signature.extra]
    if signature.inputs[signature.extra].shape:
        return [integer(signature.extra, one) for one in value]
    return integer(signature.extra, value)


def router(predictor: Predictor, name: str, limits: Limits) -> APIRouter:
    """The routes of the interface."""
    models, routes = Models(predictor, name, limits), APIRouter()
    for path in (ROOT, VERSION):
        routes.post(path + ":predict")(models.predict)
        routes.get(path + "/metadata")(models.metadata)
        routes.get(path)(models.status)
    return routes
