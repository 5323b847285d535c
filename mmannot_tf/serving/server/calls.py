"""A predict request's body: row or column format, as TensorFlow Serving reads them. No TensorFlow."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mmannot_tf.serving.server.errors import RequestError, shown

DEFAULT_SIGNATURE = "serving_default"


@dataclass(frozen=True)
class Call:
    """What a request asks for.

    Attributes:
        signature: its name.
        columns: a value by input; lists with an entry an image, or a single value for a scalar.
        in_rows: whether it came as `instances`, and the answer goes as `predictions`.
    """

    signature: str
    columns: Mapping[str, Any]
    in_rows: bool


def parse(body: bytes) -> Call:
    """Reads a body.

    Raises:
        RequestError: it is no JSON object with either `instances` or `inputs`.
    """
    try:
        document = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise RequestError(400, f"The body must be JSON. Received: {_reason(error)}.") from None
    if not isinstance(document, dict):
        raise RequestError(400, f"The body must be a JSON object. Received: {shown(document)}.")
    signature = document.get("signature_name") or DEFAULT_SIGNATURE
    if not isinstance(signature, str):
        raise RequestError(400, f"signature_name must be a string. Received: {shown(signature)}.")
    if ("instances" in document) == ("inputs" in document):
        raise RequestError(400, "The body must have one of instances and inputs. Received: both or neither.")
    if "instances" in document:
        return Call(signature, _columns(document["instances"]), in_rows=True)
    if not isinstance(document["inputs"], dict):
        raise RequestError(
            400, f"inputs must be an object of named inputs. Received: {shown(document['inputs'])}."
        )
    return Call(signature, document["inputs"], in_rows=False)


def answer(call: Call, outputs: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    """Outputs, each a list with an entry an image, in the format that the request came in."""
    if not call.in_rows:
        return {"outputs": dict(outputs)}
    rows = zip(*outputs.values(), strict=True)
    return {"predictions": [dict(zip(outputs, row, strict=True)) for row in rows]}


def _columns(instances: Any) -> dict[str, list[Any]]:
    if not isinstance(instances, list) or not instances:
        raise RequestError(400, f"instances must be a list of at least one. Received: {shown(instances)}.")
    for instance in instances:
        if not isinstance(instance, dict):
            raise RequestError(400, f"An instance must be an object of inputs. Received: {shown(instance)}.")
        if instance.keys() != instances[0].keys():
            raise RequestError(
                400, f"Instances must all have the same inputs. Received: {shown(sorted(instance))}."
            )
    return {name: [instance[name] for instance in instances] for name in instances[0]}


def _no_constant(name: str) -> None:
    raise ValueError(f"{name}, which JSON has not")


def _reason(error: Exception) -> str:
    return "nesting that is too deep" if isinstance(error, RecursionError) else str(error)
