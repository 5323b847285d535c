"""Which of a source's examples become records: options that the sources of real photographs share."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

import typer

from tfrecords_tools.building.splitting import within


@dataclass(frozen=True)
class Rules:
    """What is kept and what is tolerated.

    Attributes:
        keep_unlabelled: keep images without any label (the tables of the paper imply they were dropped) [14].
        keep_untagged: keep images without any tag (Sec. IV-A1: the paper drops them) [14].
        placeholder_copies: so many files of the same bytes are a placeholder, as sites deliver for deleted
            photographs, and count as unreadable; 0 takes them for photographs.
        repair_labels: repair the errors found in annotation files, and count them, instead of stopping.
        bad_share: the largest share of unreadable images that a build tolerates.
    """

    keep_unlabelled: Annotated[
        bool, typer.Option("--keep-unlabelled/--drop-unlabelled", help="Images without a label.")
    ] = False
    keep_untagged: Annotated[
        bool, typer.Option("--keep-untagged/--drop-untagged", help="Images without a tag.")
    ] = False
    placeholder_copies: Annotated[
        int, typer.Option(help="So many identical files are a placeholder, not photographs; 0: never.", min=0)
    ] = 5
    repair_labels: Annotated[
        bool, typer.Option("--repair-labels", help="Repair errors in label files instead of stopping.")
    ] = False
    bad_share: Annotated[float, typer.Option(help="Largest share of unreadable images tolerated.")] = 0.01

    def __post_init__(self) -> None:
        within("bad share", self.bad_share, least=0.0, most=1.0)

    def lacks(self, labels: Sequence[str], tags: Sequence[str]) -> Literal["unlabelled", "untagged"] | None:
        """Why an image of these labels and tags is dropped, or None where it is kept."""
        if not labels and not self.keep_unlabelled:
            return "unlabelled"
        return None if tags or self.keep_untagged else "untagged"

    def as_json(self) -> dict[str, Any]:
        """What decides the content, as JSON values: the tolerance does not."""
        return {key: value for key, value in asdict(self).items() if key != "bad_share"}
