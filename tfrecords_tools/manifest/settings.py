"""Settings of a build of a user's own photographs."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import typer

from tfrecords_tools.building.rules import Rules
from tfrecords_tools.building.splitting import ValidationShare, check_share
from tfrecords_tools.manifest.label_merging import LabelMerging, read_synonyms
from tfrecords_tools.manifest.lines import renamed_columns
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import Json, sha256


@dataclass(frozen=True)
class ManifestSettings:
    """The paths of the photographs and their manifest, and how the manifest is read.

    Attributes:
        manifest: a .csv, .tsv, .jsonl or .ndjson file with a row per image.
        raw: the folder to which the paths in the rows are relative.
        validation_share: share of the rows without a split that is for validation, by a hash of the path;
            if no row has the split "validation", also held out of the rows with the split "train".
        test_share: share of the rows without a split that is for test.
        separator: separates the labels, tags, groups or absent labels in a CSV cell; "auto" finds it for each
            column.
        labels: a file of all label names, one per line in order; None makes the list from the rows.
        column: entries COLUMN=NAME, where the manifest has another name for a column.
        fold_case: merge labels that differ in upper and lower case only.
        synonyms: a CSV file with the columns from and to; labels that become others.
        tags_from: "metadata" adds each photograph's own keywords to its row's tags.
        rules: decide which images are kept; by default also those without tags.
    """

    manifest: Annotated[
        Path, typer.Option(help="CSV (path, labels, tags, split, groups, absent) or JSON lines.")
    ]
    raw: Annotated[Path, typer.Option(help="Folder to which the paths in the manifest are relative.")]
    validation_share: ValidationShare = 0.1
    test_share: Annotated[float, typer.Option(help="Share of the rows without a split that is for test.")] = (
        0.1
    )
    separator: Annotated[
        str, typer.Option(help="Separates the labels, tags, groups in a CSV cell; auto: ; or | or ,.")
    ] = ";"
    labels: Annotated[
        Path | None, typer.Option(help="File of all label names, one per line; their order is kept.")
    ] = None
    column: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN=NAME", help="The manifest's name of a column; repeatable."),
    ] = None
    fold_case: Annotated[
        bool, typer.Option("--fold-case", help="Merge labels that differ in upper and lower case only.")
    ] = False
    synonyms: Annotated[
        Path | None, typer.Option(help="CSV with the columns from,to: labels that become others.")
    ] = None
    tags_from: Annotated[
        Literal["metadata"] | None,
        typer.Option(help="metadata: also each photograph's own keywords (XMP, IPTC, sidecar)."),
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
        renamed_columns(self.column or ())

    @property
    def renamed(self) -> dict[str, str]:
        """The manifest's name of a column, where it has another one."""
        return renamed_columns(self.column or ())

    def merging(self) -> LabelMerging:
        """Which labels become which; reads the file of synonyms."""
        return LabelMerging({} if self.synonyms is None else read_synonyms(self.synonyms), self.fold_case)

    def as_json(self) -> dict[str, Json]:
        """The settings that decide the content, as JSON: all but the paths.

        Settings that version 1 of the records did not have are left out where they change nothing, so that a
        folder of before counts as built with the same settings.
        """
        used: dict[str, Json] = {
            "column": self.renamed,
            "fold_case": self.fold_case,
            "synonyms": None if self.synonyms is None else sha256(self.synonyms),
            "tags_from": self.tags_from,
        }
        return {
            "validation_share": self.validation_share,
            "test_share": self.test_share,
            "separator": self.separator,
            **{name: value for name, value in used.items() if value},
            **self.rules.as_json(),
        }
