"""`/model`: what the model is called, how many labels it knows, and how good it was found to be."""

from typing import TypedDict

from fastapi import APIRouter, Response

from mmannot_tf.serving.card import read_card
from mmannot_tf.serving.model import Model
from mmannot_tf.serving.server.errors import JsonResponse


class ScoresDocument(TypedDict):
    """Scores as JSON values.

    Attributes:
        text: what was scored and how; empty if the model has no card.
        values: percent by the symbols of the paper's tables; empty if there are none.
    """

    text: str
    values: dict[str, float]


class ModelDocument(TypedDict):
    """A model as JSON values.

    Attributes:
        name: of the model card, or else of the folder.
        digest: of the model.
        labels: how many it knows.
        scores: of its card.
    """

    name: str
    digest: str
    labels: int
    scores: ScoresDocument


def router(model: Model) -> APIRouter:
    """Returns the route; the card is read now."""
    card, routes = read_card(model), APIRouter()
    document: ModelDocument = {
        "name": card.name,
        "digest": model.digest,
        "labels": len(model.labels),
        "scores": {"text": card.text, "values": dict(card.scores)},
    }

    @routes.get("/model")
    async def answer() -> Response:
        return JsonResponse(document)

    return routes
