"""`/decisions` and `/decide`: the ways to decide, and new decisions on results that a client has already."""

import asyncio
from collections.abc import Mapping
from typing import Any, TypedDict

import numpy as np
from fastapi import APIRouter, Request, Response

from mmannot_tf.decisions.fitted import FittedWay
from mmannot_tf.decisions.override import UNCHANGED, Override, overridden, parameters_of
from mmannot_tf.serving.model import decisions_of
from mmannot_tf.serving.network import NetworkOutputs
from mmannot_tf.serving.server.errors import JsonResponse, RequestError, short_repr
from mmannot_tf.serving.server.json_parsing import JsonValue, parse_json
from mmannot_tf.serving.server.json_values import to_array, to_number
from mmannot_tf.serving.server.limits import Limits
from mmannot_tf.serving.server.model_versions import LiveModel, ModelVersion
from mmannot_tf.serving.server.overrides import NAMES, as_request_errors, override_of


class WayDocument(TypedDict):
    """A way to decide as JSON values.

    Attributes:
        name: for requests.
        title: in words.
        calibrated: how its probabilities are calibrated: none, temperature, platt or isotonic.
        parameters: what a request can set, with the values that the model was exported with.
    """

    name: str
    title: str
    calibrated: str
    parameters: dict[str, float | int | None]


class Deciding:
    """Answers a question on how many labels to give."""

    def __init__(self, version: ModelVersion, limits: Limits):
        """`limits` says how many values a body may hold."""
        self._annotator, self._limits = version.annotator, limits
        self._model = version.annotator.model

    def ways(self) -> Response:
        """Returns the ways, those that decide by default, and the model's labels."""
        decisions = self._model.decisions
        ways = [] if decisions is None else list(decisions.tagged.by_name.values())
        own = self._annotator.override
        defaults = {} if decisions is None else decisions.defaults
        return JsonResponse(
            {
                "defaults": defaults if own.way is None else dict.fromkeys(defaults, own.way),
                "probabilities": "uncalibrated",
                "labels": list(self._model.labels),
                "ways": [_way_document(self._as_served(way)) for way in ways],
            }
        )

    def _as_served(self, way: FittedWay) -> FittedWay:
        """A way with the server's own options, where they hold for it."""
        own = self._annotator.override
        is_default = own.way is None and way.way.name in decisions_of(self._model).defaults.values()
        request = UNCHANGED if is_default else Override(way.way.name)
        return overridden(way, request.over(own).values)

    async def decide(self, request: Request) -> Response:
        """Decides again on results that `/annotate?ranking=C` returned, without the photographs."""
        return await asyncio.to_thread(self._decide, await request.body())

    def _decide(self, body: bytes) -> Response:
        document = parse_json(body, max_values=self._limits.json_values)
        if not isinstance(document, dict) or not document.keys() <= {"results", *NAMES}:
            raise RequestError(400, f"The body must be an object with results and {', '.join(NAMES)}.")
        results = document.pop("results", None)
        if not isinstance(results, list) or not results:
            raise RequestError(400, f"results must be a list of results. Received: {short_repr(results)}.")
        outputs, tag_lists = self._outputs(results)
        override = (override_of(document) or UNCHANGED).over
        own = self._annotator.override
        is_tagged = np.any(tag_lists >= 0, axis=1)
        selected = as_request_errors(
            lambda: decisions_of(self._model).select(outputs, is_tagged, override(own))
        )
        labels = self._model.labels
        return JsonResponse(
            {
                "annotations": [
                    [labels[label] for label in selected.selected_labels(row)] for row in range(len(results))
                ]
            }
        )

    def _outputs(self, results: list[JsonValue]) -> tuple[NetworkOutputs, np.ndarray]:
        """The network's outputs as the results repeat them, and a tag list of each image that has any tag."""
        place = {label: number for number, label in enumerate(self._model.labels)}
        probabilities = np.full((len(results), len(place)), np.nan, np.float32)
        quantities = np.full(len(results), np.nan, np.float32)
        tags = np.full((len(results), 1), -1, np.int32)
        for row, result in enumerate(results):
            if not isinstance(result, dict):
                raise RequestError(400, f"A result must be an object. Received: {short_repr(result)}.")
            ranking = _ranking(result, place)
            probabilities[row, [place[label] for label in ranking]] = list(ranking.values())
            quantity = result.get("predicted_quantity")
            if quantity is not None:
                quantities[row] = to_number("predicted_quantity", quantity)
            tags[row] = 0 if result.get("known_tags") else -1
        order = np.argsort(-np.nan_to_num(probabilities, nan=-1.0), axis=1, kind="stable").astype(np.int32)
        return NetworkOutputs(probabilities, quantities, np.zeros(probabilities.shape, bool), order), tags


def _ranking(result: Mapping[str, JsonValue], place: Mapping[str, int]) -> dict[str, float]:
    """The probability of each label of the model.

    Raises:
        RequestError: a label is missing, unknown or there twice, or a probability is none.
    """
    rule = f"ranking must hold each of the model's {len(place)} labels once, with its probability"
    ranking = result.get("ranking")
    if not isinstance(ranking, list) or len(ranking) != len(place):
        raise RequestError(400, f"{rule}. Received: {short_repr(ranking)}.")
    found: dict[str, Any] = {}
    for entry in ranking:
        label = entry.get("label") if isinstance(entry, dict) else None
        if not isinstance(entry, dict) or not isinstance(label, str):
            raise RequestError(400, f"{rule}. Received: {short_repr(entry)}.")
        found[label] = entry.get("probability")
    if found.keys() != place.keys():
        raise RequestError(400, f"{rule}. Received: other labels.")
    values = to_array("probability", list(found.values()), (len(place),), high=1.0)
    return dict(zip(found, values.tolist(), strict=True))


def _way_document(fitted: FittedWay) -> WayDocument:
    parameters = {name: getattr(fitted.way, name) for name in parameters_of(fitted.way)}
    return {
        "name": fitted.way.name,
        "title": fitted.way.title,
        "calibrated": fitted.calibrated,
        "parameters": {"least": fitted.least, "most": fitted.most, **parameters},
    }


def router(model: LiveModel, limits: Limits) -> APIRouter:
    """Returns the routes."""
    routes = APIRouter()

    @routes.get("/decisions")
    async def ways(request: Request) -> Response:
        with model.acquire(request.scope) as version:
            return Deciding(version, limits).ways()

    @routes.post("/decide")
    async def decide(request: Request) -> Response:
        with model.acquire(request.scope) as version:
            return await Deciding(version, limits).decide(request)

    return routes
