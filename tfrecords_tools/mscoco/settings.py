"""What a build of MS-COCO can be told."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from tfrecords_tools.errors import UserError
from tfrecords_tools.mscoco.captions import StopWords, Tokens
from tfrecords_tools.rules import Rules
from tfrecords_tools.splitting import HeldOut, proper_share


@dataclass(frozen=True)
class MscocoSettings:
    """Where the official files lie and how they are read.

    Attributes:
        raw: the folder with annotations/ and the images' folders.
        year: 2014 or 2017; None takes the one that is there.
        validation_share: share of the official training images held out, by a hash of the id.
        tokens: how captions part into words [18].
        stop_words: whether English stop words are dropped [18].
        rules: which images are kept.
    """

    raw: Annotated[Path, typer.Option(help="Official layout: annotations/, train<year>/, val<year>/.")]
    year: Annotated[int | None, typer.Option(help="2014 or 2017; the one that is there.")] = None
    validation_share: HeldOut = 0.1
    tokens: Annotated[Tokens, typer.Option(help="How captions part into words.")] = "letters"
    stop_words: Annotated[StopWords, typer.Option(help="English stop words.")] = "drop"
    rules: Rules = field(default_factory=Rules)

    def __post_init__(self) -> None:
        if self.year not in (None, 2014, 2017):
            raise UserError(f"year must be 2014 or 2017. Received: {self.year}.")
        proper_share("validation share", self.validation_share)
        if self.tokens not in ("letters", "whitespace"):
            raise UserError(f"tokens must be letters or whitespace. Received: {self.tokens!r}.")
        if self.stop_words not in ("drop", "keep"):
            raise UserError(f"stop words must be drop or keep. Received: {self.stop_words!r}.")

    def as_json(self) -> dict[str, Any]:
        """What decides the content, as JSON values: the raw folder's place does not."""
        return {
            "validation_share": self.validation_share,
            "tokens": self.tokens,
            "stop_words": self.stop_words,
            **self.rules.as_json(),
        }
