"""Settings of a build of a user's own photographs."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from tfrecords_tools.building.rules import Rules
from tfrecords_tools.building.splitting import ValidationShare, check_share
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import Json


@dataclass(frozen=True)
class ManifestSettings:
    """The paths of the photographs and their manifest, and how the manifest is read.

    Attributes:
        manifest: a .csv, .jsonl or .ndjson file with a row per image.
        raw: the folder to which the paths in the rows are relative.
        validation_share: share of the rows without a split that is for validation, by a hash of the path;
            if no row has the split "validation", also held out of the rows with the split "train".
        test_share: share of the rows without a split that is for test.
        separator: separates the labels, tags or groups in a CSV cell.
        labels: a file of all label names, one per line in order; None makes the list from the rows.
        rules: decide which images are kept; by default also those without tags.
    """

    manifest: Annotated[Path, typer.Option(help="CSV (path, labels, tags, split, groups) or JSON lines.")]
    raw: Annotated[Path, typer.Option(help="Folder to which the paths in the manifest are relative.")]
    validation_share: ValidationShare = 0.1
    test_share: Annotated[float, typer.Option(help="Share of the rows without a split that is for test.")] = (
        0.1
    )
    separator: Annotated[str, typer.Option(help="Separates the labels, tags, groups in a CSV cell.")] = ";"
    labels: Annotated[
        Path | None, typer.Option(help="File of all label names, one per line; their order is kept.")
    ] = None
    rules: Rules = field(default_factory=lambda: Rules(keep_untagged=True))

    def __post_init__(self) -> None:
        check_share("validation share", self.validation_share)
        check_share("test share", self.test_share)
        check_share("validation share and test share together", self.validation_share + self.test_share)
        if not self.separator.strip():
            raise UserError(
                f"separator must be a character other than a blank. Received: {self.separator!r}. "
                "Pass --separator."
            )

    def as_json(self) -> dict[str, Json]:
        """The settings that decide the content, as JSON: all but the paths."""
        return {
            "validation_share": self.validation_share,
            "test_share": self.test_share,
            "separator": self.separator,
            **self.rules.as_json(),
        }
