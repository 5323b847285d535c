"""Settings of a build of MIRFLICKR-25k."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, get_args

import typer

from tfrecords_tools.building.rules import Rules
from tfrecords_tools.building.splitting import ValidationShare, check_choice, check_share
from tfrecords_tools.mirflickr.labels import LabelSet
from tfrecords_tools.mirflickr.splits import Protocol
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import Json


@dataclass(frozen=True)
class MirflickrSettings:
    """The path of the collection and how it is read.

    Attributes:
        raw: the folder with mirflickr/ and the files of the annotation archive.
        labels: which annotations are labels: all 38, the 24 potential ones, or the 14 relevant ones.
        protocol: which images are for training and for test.
        split_seed: of the protocol "random".
        validation_share: share of the training images held out, by a hash of the id.
        rules: decide which images are kept.
    """

    raw: Annotated[
        Path, typer.Option(help="Official layout: mirflickr/ with meta/tags/, and the annotation archive.")
    ]
    labels: Annotated[LabelSet, typer.Option(help="38, 24 or 14 labels.")] = "all"
    protocol: Annotated[
        Protocol, typer.Option(help="By number modulo 5, as the collection proposes, or 15,000 drawn.")
    ] = "modulo"
    split_seed: Annotated[int, typer.Option(help="Random seed of --protocol random.", min=0)] = 0
    validation_share: ValidationShare = 0.1
    rules: Rules = field(default_factory=lambda: Rules(keep_untagged=True))

    def __post_init__(self) -> None:
        check_choice("labels", self.labels, get_args(LabelSet))
        check_choice("protocol", self.protocol, get_args(Protocol))
        if self.split_seed < 0:
            raise UserError(f"split seed must be >= 0. Received: {self.split_seed}.")
        if self.split_seed and self.protocol != "random":
            raise UserError(
                f"split seed is for --protocol random. Received: {self.split_seed}. Omit --split-seed."
            )
        check_share("validation share", self.validation_share)

    def as_json(self) -> dict[str, Json]:
        """The settings that decide the content, as JSON: all but the path."""
        return {
            "labels": self.labels,
            "protocol": self.protocol,
            "split_seed": self.split_seed,
            "validation_share": self.validation_share,
            **self.rules.as_json(),
        }
