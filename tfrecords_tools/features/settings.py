"""Settings of a build of vectors."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from tfrecords_tools.building.rules import Rules
from tfrecords_tools.building.splitting import ValidationShare, check_share
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import Json


@dataclass(frozen=True)
class FeaturesSettings:
    """The file of vectors and how it is read.

    Attributes:
        arrays: an .npz, .parquet or .tfrecord file of ids, vectors, labels, tags and splits; see README.md.
        model: what made the vectors, such as "CLIP ViT-B/32"; runs and exports repeat it.
        validation_share: share of the rows without a split that is for validation, by a hash of the id; if no
            row has the split "validation", also held out of the rows with the split "train".
        test_share: share of the rows without a split that is for test.
        separator: separates the labels and tags in a text.
        labels: a file of all label names, one per line in order; None makes the list from the rows.
        rules: decide which rows are kept; by default also those without tags.
    """

    arrays: Annotated[Path, typer.Option(help=".npz, .parquet or .tfrecord: ids, vectors, labels, tags, …")]
    model: Annotated[str, typer.Option(help="What made the vectors, such as 'CLIP ViT-B/32'.")]
    validation_share: ValidationShare = 0.1
    test_share: Annotated[float, typer.Option(help="Share of the rows without a split that is for test.")] = (
        0.1
    )
    separator: Annotated[str, typer.Option(help="Separates the labels and tags in a text.")] = ";"
    labels: Annotated[
        Path | None, typer.Option(help="File of all label names, one per line; their order is kept.")
    ] = None
    rules: Rules = field(default_factory=lambda: Rules(keep_untagged=True))

    def __post_init__(self) -> None:
        check_share("validation share", self.validation_share)
        check_share("test share", self.test_share)
        check_share("validation share and test share together", self.validation_share + self.test_share)
        for name, value in (("separator", self.separator), ("model", self.model)):
            if not value.strip():
                raise UserError(f"{name} must not be blank. Received: {value!r}. Pass --{name}.")

    def as_json(self) -> dict[str, Json]:
        """The settings that decide the content, as JSON: all but the paths."""
        return {
            "model": self.model,
            "validation_share": self.validation_share,
            "test_share": self.test_share,
            "separator": self.separator,
            **self.rules.as_json(),
        }
