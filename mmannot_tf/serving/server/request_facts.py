"""What the server notes of a request while it is answered: for its headers, and for logs."""

import re
import uuid
from dataclasses import dataclass

from starlette.types import Scope

KEY = "mmannot.facts"
ID_HEADER = b"x-request-id"
SANE_ID = re.compile(rb"[A-Za-z0-9._~:+/=@-]{1,128}")
"""What an identifier of a client may be, so that it can stand in a header and in a line of a log."""


@dataclass
class RequestFacts:
    """What is known of a request. It holds no image, no tag and no name of a file.

    Attributes:
        id: the client's, or a new one.
        model: the name of the model that answers; empty before one is chosen, or where none is needed.
        version: its version.
        engine: its engine.
        images: the number of images in the request.
    """

    id: str
    model: str = ""
    version: str = ""
    engine: str = ""
    images: int = 0


def facts_of(scope: Scope) -> RequestFacts:
    """Returns the facts of a request, by its ASGI scope; new ones the first time."""
    if KEY not in scope:
        scope[KEY] = RequestFacts(_id(scope))
    facts: RequestFacts = scope[KEY]
    return facts


def _id(scope: Scope) -> str:
    """The identifier that the client gave, if it gave one sane one; else a new one."""
    given = [value for name, value in scope.get("headers", ()) if name == ID_HEADER]
    if len(given) == 1 and SANE_ID.fullmatch(given[0]):
        return given[0].decode("ascii")
    return uuid.uuid4().hex
