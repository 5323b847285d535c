"""`/v1/models`: TensorFlow Serving's REST API."""

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import Any

import numpy as np
from fastapi import APIRouter, HTTPException, Request, Response

from mmannot_tf.data.tag_lists import NONE, padded
from mmannot_tf.serving.network import NetworkOutputs
from mmannot_tf.serving.server.errors import JsonResponse, RequestError, short_repr
from mmannot_tf.serving.server.json_parsing import JsonValue
from mmannot_tf.serving.server.json_values import to_image, to_integer, to_text
from mmannot_tf.serving.server.limits import Limits
from mmannot_tf.serving.server.model_versions import LiveModel, ModelVersion, not_found
from mmannot_tf.serving.server.predict_request import PredictRequest, parse_predict_request
from mmannot_tf.serving.server.predictor import concatenated
from mmannot_tf.serving.server.request_facts import facts_of
from mmannot_tf.serving.server.signatures import Answers, Extra, Signature, find_signature
from tfrecords_tools.photographs.unreadable import UnreadableImageError

ROOT = "/v1/models/{name}"
VERSION = ROOT + "/versions/{version}"
UNKNOWN_TAGS_HEADER = "x-mmannot-unknown-tags"
"""A response's header, for the body has TensorFlow Serving's format: a JSON list, if any tag is unknown."""
MAX_NAMED, MAX_CHARACTERS = 10, 100
"""The number of tags in the header, and of characters of each."""


@dataclass(frozen=True, eq=False)
class PredictInputs:
    """The checked inputs of a request.

    Attributes:
        loaders: return the pixels of each image, float32 [S, S, 3].
        tag_lists: int32 [B, L].
        extra: the signature's other inputs.
        unknown_tags: the tags that the model does not know, each once.
    """

    loaders: Sequence[Callable[[], np.ndarray]]
    tag_lists: np.ndarray
    extra: Extra
    unknown_tags: tuple[str, ...] = ()


class TensorFlowServing:
    """Answers requests for the served models, by their names and versions."""

    def __init__(self, models: Mapping[str, LiveModel], limits: Limits):
        """`models` are by their names in paths."""
        self._models, self._limits = models, limits

    async def status(self, name: str, version: str | None = None) -> Response:
        """Returns the states of the versions: the one that answers, and those that are being drained."""
        model = self._find(name, version)
        loaded = [(model.current, "AVAILABLE"), *((former, "UNLOADING") for former in model.draining)]
        states = [_state(each.number, state) for each, state in loaded if version in (None, each.number)]
        if not states:
            raise not_found(name, version)
        return JsonResponse({"model_version_status": states})

    async def metadata(self, request: Request, name: str, version: str | None = None) -> Response:
        """Returns the signatures with their inputs and outputs."""
        with self._find(name, version).acquire(request.scope, version) as loaded:
            documents = {name: signature.document() for name, signature in loaded.signatures.items()}
            spec = {"name": name, "signature_name": "", "version": loaded.number}
        return JsonResponse({"model_spec": spec, "metadata": {"signature_def": {"signature_def": documents}}})

    async def predict(self, request: Request, name: str, version: str | None = None) -> Response:
        """Annotates images in the row or column format."""
        with self._find(name, version).acquire(request.scope, version) as loaded:
            return await Prediction(loaded, self._limits).answer(request)

    def _find(self, name: str, version: str | None) -> LiveModel:
        if name not in self._models:
            raise not_found(name, version)
        return self._models[name]


class Prediction:
    """Answers a predict request by one version of a model."""

    def __init__(self, version: ModelVersion, limits: Limits):
        """`limits` says what a request may hold."""
        self._predictor, self._signatures, self._limits = version.predictor, version.signatures, limits
        self._model = version.annotator.model

    async def answer(self, request: Request) -> Response:
        """Returns the signature's outputs in the format of the request."""
        body = await request.body()
        signature, inputs, parsed = await asyncio.to_thread(self._parse, body)
        facts_of(request.scope).images = len(inputs.loaders)
        answers: list[NetworkOutputs] = []
        for number, answer in enumerate(await self._predictor(inputs.loaders, inputs.tag_lists)):
            if isinstance(answer, UnreadableImageError):
                raise RequestError(
                    400, f"Every image must be a readable photograph. Received: image {number}: {answer}."
                )
            answers.append(answer)
        outputs = signature.compute(Answers(concatenated(answers), inputs.tag_lists), inputs.extra)
        document = parsed.document({name: _json_values(array) for name, array in outputs.items()})
        return JsonResponse(document, headers=_unknown_tags_header(inputs.unknown_tags))

    def _parse(self, body: bytes) -> tuple[Signature, PredictInputs, PredictRequest]:
        request = parse_predict_request(body, max_values=self._limits.json_values)
        try:
            signature = find_signature(self._signatures, request.signature)
            return signature, self._read(request, signature), replace(request, columns={})
        finally:
            _drop(request.columns.values())

    def _read(self, request: PredictRequest, signature: Signature) -> PredictInputs:
        columns = _complete(request.columns, signature)
        images = columns["image"]
        if not isinstance(images, list) or not 0 < len(images) <= self._limits.images:
            count = len(images) if isinstance(images, list) else short_repr(images)
            raise RequestError(400, f"image must be a list of 1 to {self._limits.images}. Received: {count}.")
        lists = {
            name: _entries(name, columns[name], len(images))
            for name, tensor in signature.inputs.items()
            if tensor.shape
        }
        if "tag_lists" in lists:
            indices = [self._indices(tags) for tags in lists["tag_lists"]]
            return PredictInputs(_arrays(images, self._predictor.network_image), padded(indices), {})
        tags = [to_text("tags", text, max_bytes=self._limits.tag_bytes) for text in lists["tags"]]
        tag_lists, unknown_by_image = self._predictor.find_tags(tags)
        unknown = tuple(dict.fromkeys(chain.from_iterable(unknown_by_image)))
        extra = _extra(columns, signature)
        if signature.inputs["image"].dtype == "DT_STRING":
            encoded = [to_image("image", image) for image in images]
            loaders = [partial(self._predictor.decode, raw) for raw in encoded]
            return PredictInputs(loaders, tag_lists, extra, unknown)
        return PredictInputs(_arrays(images, self._predictor.resize), tag_lists, extra, unknown)

    def _indices(self, value: JsonValue) -> list[int]:
        """Returns an image's entry of `tag_lists` without its padding."""
        tags = len(self._model.tags)
        most = max(tags, 1)  # a model without tags takes padding
        rule = f"tag_lists must be lists of 1 to {most} numbers from {NONE} to {tags - 1}"
        if not isinstance(value, list) or not 0 < len(value) <= most:
            raise RequestError(400, f"{rule}. Received: {short_repr(value)}.")
        indices = [to_integer("tag_lists", index) for index in value]
        if not all(NONE <= index < tags for index in indices):
            raise RequestError(400, f"{rule}. Received: other numbers.")
        return [index for index in indices if index != NONE]


def _state(version: str, state: str) -> dict[str, Any]:
    return {"version": version, "state": state, "status": {"error_code": "OK", "error_message": ""}}


def _json_values(array: np.ndarray) -> list[Any]:
    """Nested lists; JSON has no NaN and no infinity, which become None."""
    if np.issubdtype(array.dtype, np.floating) and not np.isfinite(array).all():
        values = array.astype(object)
        values[~np.isfinite(array)] = None
        return values.tolist()
    return array.tolist()


def _unknown_tags_header(tags: Sequence[str]) -> dict[str, str]:
    named = [tag[:MAX_CHARACTERS] for tag in tags[:MAX_NAMED]]
    return {UNKNOWN_TAGS_HEADER: json.dumps(named)} if named else {}


def _arrays(
    images: list[JsonValue], convert: Callable[[JsonValue], np.ndarray]
) -> list[Callable[[], np.ndarray]]:
    """Converts nested lists one image at a time, and drops them: they take many times an array's memory."""
    loaders: list[Callable[[], np.ndarray]] = []
    for number, image in enumerate(images):
        loaders.append(partial(_unchanged, convert(image)))
        images[number] = None
    return loaders


def _drop(columns: Iterable[JsonValue]) -> None:
    """Frees lists entry by entry: other threads run between two entries."""
    for column in columns:
        while isinstance(column, list) and column:
            column.pop()


def _unchanged(array: np.ndarray) -> np.ndarray:
    return array


def _complete(columns: Mapping[str, JsonValue], signature: Signature) -> dict[str, JsonValue]:
    """Adds empty tags if there are none; checks that no other input is missing or unknown."""
    images = columns.get("image")
    no_tags: JsonValue = [""] * len(images) if isinstance(images, list) else []
    complete = {**({"tags": no_tags} if "tags" in signature.inputs else {}), **columns}
    optional = set(signature.extra) if signature.is_optional else set()
    if complete.keys() | optional != signature.inputs.keys():
        raise RequestError(
            400,
            f"The inputs must be {', '.join(signature.inputs)}. Received: {short_repr(sorted(columns))}.",
        )
    return complete


def _extra(columns: Mapping[str, JsonValue], signature: Signature) -> Extra:
    return {name: _value(name, columns[name], signature) for name in signature.extra if name in columns}


def _value(name: str, value: JsonValue, signature: Signature) -> Any:
    """An input as it is where it is optional; else as integers, one for each image or one for all."""
    if signature.is_optional:
        if isinstance(value, list):
            raise RequestError(
                400,
                f"{name} must be one value for all images of the request, in inputs; rows cannot have their "
                f"own. Received: {short_repr(value)}.",
            )
        return value
    if isinstance(value, list) and signature.inputs[name].shape:
        return [to_integer(name, entry) for entry in value]
    return to_integer(name, value)


def _entries(name: str, column: JsonValue, images: int) -> list[JsonValue]:
    if not isinstance(column, list) or len(column) != images:
        raise RequestError(400, f"{name} must have an entry for each of {images} images.")
    return column


async def _needs_post() -> Response:
    """Answers the method of browsers, which `/v1/models/{name}` would take for a model's name."""
    raise HTTPException(405, "predict must be asked with POST.", headers={"allow": "POST"})


def router(models: Mapping[str, LiveModel], limits: Limits) -> APIRouter:
    """Returns the routes of the API."""
    api, routes = TensorFlowServing(models, limits), APIRouter()
    for path in (ROOT, VERSION):
        routes.post(path + ":predict")(api.predict)
        routes.get(path + ":predict")(_needs_post)
        routes.get(path + "/metadata")(api.metadata)
        routes.get(path)(api.status)
    return routes
