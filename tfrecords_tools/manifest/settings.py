"""Settings of a build of a user's own photographs."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import typer

from tfrecords_tools.building.rules import Rules
from tfrecords_tools.building.splitting import ValidationShare, check_share
from tfrecords_tools.manifest.found_labels import LEAST_PHOTOGRAPHS
from tfrecords_tools.manifest.found_photographs import LabelOrigin
from tfrecords_tools.manifest.label_merging import LabelMerging, read_synonyms
from tfrecords_tools.manifest.lines import renamed_columns
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import Json, sha256

LABELS_FROM = typer.Option(
    help="Write the manifest, if it does not exist, with labels from keywords (XMP, IPTC, sidecars) or from "
    "names of folders."
)
LeastPhotographs = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Photographs that a keyword or folder needs to become a label; "
        + ", ".join(f"{origin}: {least}" for origin, least in LEAST_PHOTOGRAPHS.items())
        + ".",
        show_default=False,
    ),
]


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
        labels_from: where labels are found if the manifest does not exist, which is then written:
            "metadata", the photographs' keywords, or "folders", the names of their folders.
        least_photographs: how many photographs a word must have to become a label; None takes
            `found_labels.LEAST_PHOTOGRAPHS`.
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
    labels_from: Annotated[LabelOrigin | None, LABELS_FROM] = None
    least_photographs: LeastPhotographs = None
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
        self._check_search()

    def _check_search(self) -> None:
        if self.labels_from == self.tags_from == "metadata":
            raise UserError(
                "keywords that are labels must not be tags too, for a model would read the answer there. "
                "Received: --labels-from metadata and --tags-from metadata. Leave --tags-from out: keywords "
                "that are no labels become tags."
            )
        if self.least_photographs is not None and (self.labels_from is None or self.labels is not None):
            raise UserError(
                "--least-photographs must come with --labels-from and without --labels. Received: "
                f"{self.least_photographs}. Leave it out."
            )

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
