"""Settings of a build of NUS-WIDE."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import typer

from tfrecords_tools.building.rules import Rules
from tfrecords_tools.building.splitting import ValidationShare, check_share
from tfrecords_tools.nus_wide.protocols import PROTOCOLS
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import Json

ProtocolName = Literal["paper", "official-all", "150000-59347", "150000-40253"]


@dataclass(frozen=True)
class NusWideSettings:
    """The paths of the official files and how they are read.

    Attributes:
        raw: the folder with ImageList/, ConceptsList/, Groundtruth/, NUS_WID_Tags/ and Flickr/.
        protocol: which images are for training and for test [16].
        validation_share: share of the training images held out, by a hash of the id.
        drop_label_tags: drop the tags that equal the name of a label [17].
        groups: a file of groups by photograph, or None.
        rules: decide which images are kept.
    """

    raw: Annotated[
        Path,
        typer.Option(
            help="Official layout: ImageList/, ConceptsList/, Groundtruth/, NUS_WID_Tags/, Flickr/."
        ),
    ]
    protocol: Annotated[ProtocolName, typer.Option(help="Which images are for training and for test.")] = (
        "paper"
    )
    validation_share: ValidationShare = 0.1
    drop_label_tags: Annotated[
        bool, typer.Option("--drop-label-tags", help="Drop tags that equal the name of a label.")
    ] = False
    groups: Annotated[
        Path | None, typer.Option(help="Lines of a photo id and its groups, tab-separated, UTF-8.")
    ] = None
    rules: Rules = field(default_factory=Rules)

    def __post_init__(self) -> None:
        if self.protocol not in PROTOCOLS:
            raise UserError(f"protocol must be one of {', '.join(PROTOCOLS)}. Received: {self.protocol!r}.")
        check_share("validation share", self.validation_share)

    def as_json(self) -> dict[str, Json]:
        """The settings that decide the content, as JSON: all but the paths."""
        return {
            "protocol": self.protocol,
            "validation_share": self.validation_share,
            "drop_label_tags": self.drop_label_tags,
            **PROTOCOLS[self.protocol].rules(self.rules).as_json(),
        }
