"""What the server notes of a request while it is answered: for its headers, and for logs."""

from dataclasses import dataclass

from starlette.types import Scope

KEY = "mmannot.facts"


@dataclass
class RequestFacts:
    """What is known of a request. It holds no image, no tag and no name of a file.

    Attributes:
        model: the name of the model that answers; empty before one is chosen, or where none is needed.
        version: its version.
        images: the number of images in the request.
    """

    model: str = ""
    version: str = ""
    images: int = 0


def facts_of(scope: Scope) -> RequestFacts:
    """Returns the facts of a request, by its ASGI scope; new ones the first time."""
    facts: RequestFacts = scope.setdefault(KEY, RequestFacts())
    return facts
