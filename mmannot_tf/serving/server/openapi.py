"""`/openapi.json`: the server's interface in OpenAPI 3.1, with examples that this server answers."""

import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from mmannot_tf.serving.server.tensorflow_serving import ROOT, VERSION

FILE = Path(__file__).with_name("openapi.json")
"""The description without what a server knows: its models and labels, and the paths with a version."""
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR42mP4//8/AAX+Av4zEpUUAAAAAElFTkSuQmCC"
"""A white PNG of one pixel in Base64: the photograph of examples."""
OPERATIONS = "x-operations"
"""The part of the file with the operations that are there with and without a version."""


def openapi_document(names: Sequence[str], labels: Sequence[str]) -> dict[str, Any]:
    """Returns the description.

    Args:
        names: of the models, in paths.
        labels: of the model that the forms use.
    """
    document: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    document["info"]["version"] = version("mmannot-tf")
    parts = document["components"]
    parts["parameters"]["name"]["schema"]["enum"] = list(names)
    operations = parts.pop(OPERATIONS)
    _add_photographs(operations)
    document["paths"] |= _model_paths(document["paths"], operations)
    decide = document["paths"]["/decide"]["post"]["requestBody"]["content"]["application/json"]
    decide["example"]["results"] = [_result(labels)]
    return document


def _model_paths(paths: dict[str, Any], operations: dict[str, Any]) -> dict[str, Any]:
    """The paths of models with their operations; each of them twice, the second time with a version."""
    of_version = {"$ref": "#/components/parameters/version"}
    complete = {}
    for path, item in paths.items():
        if not path.startswith(ROOT):
            continue
        (method,) = item.keys() - {"parameters"}
        name = item[method]["$ref"].rpartition("/")[2]
        versioned = VERSION + path.removeprefix(ROOT)
        complete[path] = {**item, method: {"operationId": name, **operations[name]}}
        complete[versioned] = {
            "parameters": [of_version, *item["parameters"]],
            method: {"operationId": f"{name}_of_version", **operations[name]},
        }
    return complete


def _add_photographs(operations: dict[str, Any]) -> None:
    """Puts a photograph into the examples that have the place for one."""
    examples = operations["predict"]["requestBody"]["content"]["application/json"]["examples"]
    for example in examples.values():
        inputs = example["value"].get("inputs")
        rows = example["value"].get("instances", [])
        images = [row["image"] for row in rows] if inputs is None else inputs["image"]
        for image in images:
            if isinstance(image, dict):
                image["b64"] = PIXEL


def _result(labels: Sequence[str]) -> dict[str, Any]:
    """A result of `/annotate` as `/decide` takes it."""
    ranking = [
        {"label": label, "probability": round(1 / (place + 1), 6)} for place, label in enumerate(labels)
    ]
    return {"ranking": ranking, "predicted_quantity": 1.9, "known_tags": 1}
