"""What a build of a user's own photographs can be told."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from tfrecords_tools.building.rules import Rules
from tfrecords_tools.building.splitting import HeldOut, proper_share
from tfrecords_tools.shell.errors import UserError


@dataclass(frozen=True)
class ManifestSettings:
    """Where the photographs and their table lie, and how the table is read.

    Attributes:
        manifest: a .csv, .jsonl or .ndjson file, a row an image.
        raw: the folder that the rows' paths start from.
        validation_share: share of the rows without a split that is for validation, by a hash of the path;
            where no row says "validation", also held out of the rows that say "train".
        test_share: share of the rows without a split that is for test.
        separator: between the labels, tags or groups within a CSV cell.
        labels: a file of the label names, one a line, in the order wanted; None makes the list from the rows.
        rules: which images are kept; untagged ones are normal here.
    """

    manifest: Annotated[Path, typer.Option(help="CSV (path, labels, tags, split, groups) or JSON lines.")]
    raw: Annotated[Path, typer.Option(help="Folder that the paths in the manifest start from.")]
    validation_share: HeldOut = 0.1
    test_share: Annotated[float, typer.Option(help="Share of the rows without a split that is for test.")] = (
        0.1
    )
    separator: Annotated[str, typer.Option(help="Parts the labels, tags, groups within a CSV cell.")] = ";"
    labels: Annotated[
        Path | None, typer.Option(help="File of all label names, one a line; their order is kept.")
    ] = None
    rules: Rules = field(default_factory=lambda: Rules(keep_untagged=True))

    def __post_init__(self) -> None:
        proper_share("validation share", self.validation_share)
        proper_share("test share", self.test_share)
        proper_share("validation share and test share together", self.validation_share + self.test_share)
        if not self.separator.strip():
            raise UserError(
                f"separator must be a character other than a blank. Received: {self.separator!r}. "
                "Pass --separator."
            )

    def as_json(self) -> dict[str, Any]:
        """What decides the content, as JSON values: where the files lie does not."""
        return {
            "validation_share": self.validation_share,
            "test_share": self.test_share,
            "separator": self.separator,
            **self.rules.as_json(),
        }
