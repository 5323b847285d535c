"""The body of a predict request, in TensorFlow Serving's row or column format."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict

from mmannot_tf.serving.server.errors import RequestError, short_repr
from mmannot_tf.serving.server.json_parsing import JsonValue, parse_json

DEFAULT_SIGNATURE = "serving_default"


class RowDocument(TypedDict):
    """A response in the row format: the outputs of each image."""

    predictions: list[dict[str, JsonValue]]


class ColumnDocument(TypedDict):
    """A response in the column format: each output of all images."""

    outputs: dict[str, list[JsonValue]]


@dataclass(frozen=True)
class PredictRequest:
    """A parsed predict request.

    Attributes:
        signature: its name.
        columns: the inputs by name; lists with one entry per image, or a single value for a scalar.
        in_rows: whether the request had `instances`, so that the response has `predictions`.
    """

    signature: str
    columns: Mapping[str, JsonValue]
    in_rows: bool

    def document(self, outputs: Mapping[str, list[JsonValue]]) -> RowDocument | ColumnDocument:
        """Returns outputs, lists with one entry per image, in the format of the request."""
        if not self.in_rows:
            return {"outputs": dict(outputs)}
        rows = zip(*outputs.values(), strict=True)
        return {"predictions": [dict(zip(outputs, row, strict=True)) for row in rows]}


def parse_predict_request(body: bytes, *, max_values: int) -> PredictRequest:
    """Parses a body.

    Raises:
        RequestError: it is not a JSON object with either `instances` or `inputs`, or has more than
            `max_values` values.
    """
    document = parse_json(body, max_values=max_values)
    if not isinstance(document, dict):
        raise RequestError(400, f"The body must be a JSON object. Received: {short_repr(document)}.")
    signature = document.get("signature_name") or DEFAULT_SIGNATURE
    if not isinstance(signature, str):
        raise RequestError(400, f"signature_name must be a string. Received: {short_repr(signature)}.")
    if ("instances" in document) == ("inputs" in document):
        raise RequestError(400, "The body must have either instances or inputs. Received: both or neither.")
    if "instances" in document:
        return PredictRequest(signature, _columns(document["instances"]), in_rows=True)
    if not isinstance(document["inputs"], dict):
        raise RequestError(
            400, f"inputs must be an object of named inputs. Received: {short_repr(document['inputs'])}."
        )
    return PredictRequest(signature, document["inputs"], in_rows=False)


def _columns(instances: JsonValue) -> dict[str, JsonValue]:
    if not isinstance(instances, list) or not instances:
        raise RequestError(400, f"instances must be a non-empty list. Received: {short_repr(instances)}.")
    rows: list[dict[str, JsonValue]] = []
    for instance in instances:
        if not isinstance(instance, dict):
            raise RequestError(
                400, f"An instance must be an object of inputs. Received: {short_repr(instance)}."
            )
        rows.append(instance)
        if instance.keys() != rows[0].keys():
            raise RequestError(
                400, f"Instances must all have the same inputs. Received: {short_repr(sorted(instance))}."
            )
    return {name: [row[name] for row in rows] for name in rows[0]}
