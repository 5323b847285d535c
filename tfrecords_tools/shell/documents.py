"""JSON documents that this project writes and reads back: each has a schema, and a seal over its content.

The schema is a frozen dataclass. The seal is the SHA-256 of the document without it; documents of earlier
versions have none. So a document that was damaged is refused in one line, and never read as another one.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tfrecords_tools.shell.errors import UserError, one_line
from tfrecords_tools.shell.files import digest, read_json, write_json

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Document = TypeVar("Document", bound="DataclassInstance")
SEAL = "seal"


def write_document(path: Path, document: "DataclassInstance") -> None:
    """Writes a document with its seal, atomically."""
    write_json(path, sealed(asdict(document)))


def sealed(content: Mapping[str, object]) -> dict[str, object]:
    """The content of a document with its seal as the last member."""
    return {**content, SEAL: digest(content)}


def read_document(path: Path, kind: type[Document], *, what: str, remedy: str) -> Document:
    """Reads what `write_document` wrote.

    Args:
        path: the file.
        kind: the dataclass; its fields with defaults may be missing in documents of earlier versions.
        what: how the error calls the file: "A stage's stage.json".
        remedy: what to do about a damaged file, a sentence.

    Raises:
        UserError: the file is missing, no JSON, of another schema, or differs from its seal.
    """
    content = read_sealed(path, what=what, remedy=remedy)
    return parsed(content, kind, path=path, what=what, remedy=remedy)


def parsed(
    content: Mapping[str, object], kind: type[Document], *, path: Path, what: str, remedy: str
) -> Document:
    """The content of a document as its dataclass; other arguments and errors as for `read_document`."""
    from pydantic import ValidationError

    unknown = sorted(content.keys() - {field.name for field in fields(kind)})
    if unknown:
        raise damaged(path, what, f"unknown key {unknown[0]!r}", remedy)
    try:
        return _adapter(kind).validate_json(json.dumps(content), strict=True)
    except (ValidationError, ValueError) as error:
        raise damaged(path, what, _complaint(error), remedy) from None


def read_sealed(path: Path, *, what: str, remedy: str) -> dict[str, Any]:
    """The content of a JSON object, without its seal; arguments and errors as for `read_document`."""
    content = read_json(path, what, remedy=remedy)
    if not isinstance(content, dict):
        raise damaged(path, what, f"{type(content).__name__} instead of an object", remedy)
    seal = content.pop(SEAL, None)
    if seal is not None and seal != digest(content):
        raise damaged(path, what, "its content differs from its seal", remedy)
    return content


def damaged(path: Path, what: str, reason: str, remedy: str) -> UserError:
    """The error about a file that is not as it was written."""
    return UserError(
        f"{what} must be as it was written. Received: {path}, damaged or edited ({reason}). {remedy}"
    )


@cache
def _adapter(kind: type) -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def _complaint(error: Exception) -> str:
    details = getattr(error, "errors", None)
    if details is None:
        return one_line(error)
    first = details()[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
