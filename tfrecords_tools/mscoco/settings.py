"""Settings of a build of MS-COCO."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, get_args

import typer

from tfrecords_tools.building.rules import Rules
from tfrecords_tools.building.splitting import ValidationShare, check_choice, check_share
from tfrecords_tools.mscoco.captions import StopWords, Tokens
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import Json

Origin = Literal["raw", "tfds"]


@dataclass(frozen=True)
class MscocoSettings:
    """The origin of the data set and how it is read.

    Attributes:
        raw: the folder with annotations/ and the image folders; for source "raw" only, which requires it.
        year: 2014 or 2017; None uses the one in `raw`. TFDS has 2014 only.
        validation_share: share of the official training images held out, by a hash of the id.
        tokens: how captions are split into words [18].
        stop_words: whether English stop words are dropped [18].
        source: "raw" reads the official files, "tfds" downloads TFDS' `coco_captions`.
        tfds_dir: TFDS' data folder, for source "tfds" only; None uses TFDS' default.
        rules: decide which images are kept.
    """

    raw: Annotated[
        Path | None, typer.Option(help="Official layout: annotations/, train<year>/, val<year>/.")
    ] = None
    year: Annotated[int | None, typer.Option(help="2014 or 2017; the one in --raw.")] = None
    validation_share: ValidationShare = 0.1
    tokens: Annotated[Tokens, typer.Option(help="How captions are split into words.")] = "letters"
    stop_words: Annotated[StopWords, typer.Option(help="English stop words.")] = "drop"
    source: Annotated[
        Origin, typer.Option(help="Official files in --raw, or TFDS' coco_captions, downloaded.")
    ] = "raw"
    tfds_dir: Annotated[
        Path | None, typer.Option(help="Data folder of TFDS, with --source tfds; TFDS' default.")
    ] = None
    rules: Rules = field(default_factory=Rules)

    def __post_init__(self) -> None:
        for name, choices in (("tokens", Tokens), ("stop_words", StopWords), ("source", Origin)):
            check_choice(name.replace("_", " "), getattr(self, name), get_args(choices))
        if self.year not in (None, 2014, 2017):
            raise UserError(f"year must be 2014 or 2017. Received: {self.year}.")
        check_share("validation share", self.validation_share)
        if self.source == "raw":
            self._check_raw()
        else:
            self._check_tfds()

    def _check_raw(self) -> None:
        if self.raw is None:
            raise UserError(
                "raw folder must be given. Received: none. Pass --raw, or --source tfds to download."
            )
        if self.tfds_dir is not None:
            raise UserError(f"tfds dir is for --source tfds. Received: {self.tfds_dir}. Omit --tfds-dir.")

    def _check_tfds(self) -> None:
        if self.raw is not None:
            raise UserError(f"raw folder is for --source raw. Received: {self.raw}. Omit --raw.")
        if self.rules.leakage != "keep-all":
            raise UserError(
                "leakage must be keep-all with --source tfds, which has no files to compare. "
                f"Received: {self.rules.leakage}. Pass --raw."
            )
        if self.year not in (None, 2014):
            raise UserError(
                f"year must be 2014 with --source tfds. Received: {self.year}. Pass --raw for 2017."
            )

    def as_json(self) -> dict[str, Json]:
        """The settings that decide the content, as JSON: all but the paths."""
        return {
            "source": self.source,
            "validation_share": self.validation_share,
            "tokens": self.tokens,
            "stop_words": self.stop_words,
            **self.rules.as_json(),
        }
