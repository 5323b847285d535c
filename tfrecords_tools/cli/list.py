"""`mmannot-records list`."""

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from tfrecords_tools.manifest.found_photographs import LabelOrigin
from tfrecords_tools.manifest.label_search import write_manifest
from tfrecords_tools.manifest.settings import LeastPhotographs, ManifestSettings
from tfrecords_tools.shell.console import print_line
from tfrecords_tools.shell.errors import UserError


def list_photographs(
    folder: Annotated[Path, typer.Argument(help="Folder of photographs.")],
    labels_from: Annotated[
        LabelOrigin,
        typer.Option(help="Where labels are found: keywords (XMP, IPTC, sidecars), or names of folders."),
    ],
    out: Annotated[Path, typer.Option("--out", help="The manifest to write: .csv, .tsv, .jsonl or .ndjson.")],
    labels: Annotated[
        Path | None, typer.Option(help="File of the labels to take, one per line; others become no labels.")
    ] = None,
    least_photographs: LeastPhotographs = None,
    fold_case: Annotated[
        bool, typer.Option("--fold-case", help="Merge labels that differ in upper and lower case only.")
    ] = False,
    synonyms: Annotated[
        Path | None, typer.Option(help="CSV with the columns from,to: labels that become others.")
    ] = None,
) -> None:
    """Write a manifest of the photographs in a folder, with the labels that they have already."""
    if not folder.is_dir():
        raise UserError(
            f"FOLDER must hold photographs. Received: {folder}, which is no folder. Name another."
        )
    settings = ManifestSettings(
        out,
        folder,
        labels=labels,
        fold_case=fold_case,
        synonyms=synonyms,
        labels_from=labels_from,
        least_photographs=least_photographs,
    )
    for line in write_manifest(settings, labels_from):
        print_line(line)
    places = f"--raw {quote(str(folder))} --manifest {quote(str(out))}"
    print_line(f"next: mmannot-records build manifest {places} --out records")
