"""What a build of NUS-WIDE can be told."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from tfrecords_tools.building.rules import Rules
from tfrecords_tools.building.splitting import HeldOut, proper_share
from tfrecords_tools.nus_wide.protocols import PROTOCOLS
from tfrecords_tools.shell.errors import UserError

ProtocolName = Literal["paper", "official-all", "150000-59347", "150000-40253"]


@dataclass(frozen=True)
class NusWideSettings:
    """Where the official files lie and how they are read.

    Attributes:
        raw: the folder with ImageList/, ConceptsList/, Groundtruth/, NUS_WID_Tags/ and Flickr/.
        protocol: which images train and which test [16].
        validation_share: share of the training images held out, by a hash of the id.
        drop_label_tags: leave out the tags that are a label's name [17].
        groups: a file of the photographs' groups, or None.
        rules: which images are kept.
    """

    raw: Annotated[
        Path,
        typer.Option(
            help="Official layout: ImageList/, ConceptsList/, Groundtruth/, NUS_WID_Tags/, Flickr/."
        ),
    ]
    protocol: Annotated[ProtocolName, typer.Option(help="Which images train and which test.")] = "paper"
    validation_share: HeldOut = 0.1
    drop_label_tags: Annotated[
        bool, typer.Option("--drop-label-tags", help="Leave out tags that are a label's name.")
    ] = False
    groups: Annotated[
        Path | None, typer.Option(help="Lines of a photo id and its groups, tab-separated, UTF-8.")
    ] = None
    rules: Rules = field(default_factory=Rules)

    def __post_init__(self) -> None:
        if self.protocol not in PROTOCOLS:
            raise UserError(f"protocol must be one of {', '.join(PROTOCOLS)}. Received: {self.protocol!r}.")
        proper_share("validation share", self.validation_share)

    def as_json(self) -> dict[str, Any]:
        """What decides the content, as JSON values: the places of files do not."""
        return {
            "protocol": self.protocol,
            "validation_share": self.validation_share,
            "drop_label_tags": self.drop_label_tags,
            **PROTOCOLS[self.protocol].rules(self.rules).as_json(),
        }
