"""How many labels: a request's override, from JSON or from a query."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from starlette.datastructures import QueryParams

from mmannot_tf.decisions.override import UNCHANGED, Override
from mmannot_tf.serving.annotating.annotator import Annotator
from mmannot_tf.serving.network import NetworkOutputs
from mmannot_tf.serving.server.errors import RequestError, short_repr
from mmannot_tf.serving.server.json_parsing import JsonValue
from mmannot_tf.serving.server.json_values import to_integer, to_number, to_text
from tfrecords_tools.shell.errors import UserError

Answer = TypeVar("Answer")
WHOLE = ("k", "least", "most")
WHOLE_NUMBER = re.compile(r"\+?[0-9]{1,10}")
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2})?")
NAMES = ("decision", "threshold", "k", "least", "most", "beta")
"""The fields of an override in requests, which have no others."""
_NO_NUMBER = -1
_MAX_NAME = 100


def override_of(values: Mapping[str, JsonValue]) -> Override | None:
    """The override of a request; None where nothing changes.

    Args:
        values: by the names of `NAMES`. None changes nothing, and as in the SavedModel's signature "" of
            `decision` and -1 of whole numbers.

    Raises:
        RequestError: a value is of another type or out of its range.
    """
    given: dict[str, Any] = {}
    for name, value in values.items():
        if value is None:
            continue
        if name == "decision":
            given[name] = to_text(name, value, max_bytes=_MAX_NAME) or None
        elif name in WHOLE:
            number = to_integer(name, value)
            given[name] = None if number == _NO_NUMBER else number
        else:
            given[name] = to_number(name, value)
    override = as_request_errors(lambda: Override(**given))
    return None if override == UNCHANGED else override


def override_in_query(query: QueryParams, others: Sequence[str]) -> Override | None:
    """The override of a request's query; None where it has none.

    Args:
        query: of the request.
        others: the other parameters that the path takes.

    Raises:
        RequestError: a value is of another type or out of its range, or there is another parameter.
    """
    names = [name for name, _ in query.multi_items()]
    for name in names:
        if name not in (*NAMES, *others) or names.count(name) > 1:
            raise RequestError(
                400,
                f"The query must have {', '.join((*others, *NAMES))}, each at most once. Received: "
                f"{short_repr(name)}.",
            )
    return override_of({name: _parsed(name, query[name]) for name in NAMES if name in query})


def decided(
    annotator: Annotator, outputs: NetworkOutputs, tag_lists: np.ndarray, override: Override | None
) -> NetworkOutputs:
    """The outputs with the labels that an override selects; None for the server's own.

    Raises:
        RequestError: the model has no such way to decide.
    """
    return as_request_errors(lambda: annotator.decided(outputs, tag_lists, override))


def _parsed(name: str, text: str) -> JsonValue:
    if name == "decision":
        return text
    if not (WHOLE_NUMBER if name in WHOLE else NUMBER).fullmatch(text):
        rule = "a whole number, 0 or more" if name in WHOLE else "a number"
        raise RequestError(400, f"{name} must be {rule}. Received: {short_repr(text)}.")
    return int(text) if name in WHOLE else float(text)


def as_request_errors(function: Callable[[], Answer]) -> Answer:
    """What a function returns; a fault of the user is one of the request."""
    try:
        return function()
    except UserError as error:
        raise RequestError(400, str(error)) from None
