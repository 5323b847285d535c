"""`/model`: what the model is called, how many labels it knows, and how good it was found to be."""

from typing import TypedDict

from mmannot_tf.serving.card import read_card
from mmannot_tf.serving.model import Model


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
        version: the number of the export's version; 1 for a run.
        digest: of the model.
        labels: how many it knows.
        scores: of its card.
    """

    name: str
    version: str
    digest: str
    labels: int
    scores: ScoresDocument


def model_document(model: Model, version: str) -> ModelDocument:
    """Returns the document of a version; the card is read now."""
    card = read_card(model)
    return {
        "name": card.name,
        "version": version,
        "digest": model.digest,
        "labels": len(model.labels),
        "scores": {"text": card.text, "values": dict(card.scores)},
    }
