"""Rules on which examples become records; options shared by the sources of real photographs."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Literal

import typer

from tfrecords_tools.building.splitting import check_range
from tfrecords_tools.shell.files import Json


@dataclass(frozen=True)
class Rules:
    """Which examples are kept, and which errors are tolerated.

    Attributes:
        keep_unlabelled: keep images without a label (the paper's tables imply that it drops them) [14].
        keep_untagged: keep images without a tag (the paper drops them, Sec. IV-A1) [14].
        placeholder_copies: this many identical files are placeholders of deleted photographs and count as
            unreadable; 0 keeps them.
        repair_labels: repair and count defects of annotation files instead of stopping.
        bad_share: the largest share of unreadable images that a build tolerates.
        leakage: what happens to a photograph whose bytes several splits hold: all keep it, or only the
            training split, or only the test split.
        quick_check: look for header, end and checksums of images, without decoding them. Damage in the middle
            of a JPEG is not noticed then; `mmannot-records verify` finds it in the records.
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
    leakage: Annotated[
        Literal["keep-all", "keep-train", "keep-test"],
        typer.Option(help="Photographs of the same bytes in several splits: who keeps them."),
    ] = "keep-all"
    quick_check: Annotated[
        bool, typer.Option("--quick-check", help="Look for header and end of images; do not decode them.")
    ] = False

    def __post_init__(self) -> None:
        check_range("bad share", self.bad_share, minimum=0.0, maximum=1.0)

    def drop_reason(
        self, labels: Sequence[str], tags: Sequence[str]
    ) -> Literal["unlabelled", "untagged"] | None:
        """Why an image with these labels and tags is dropped; None if it is kept."""
        if not labels and not self.keep_unlabelled:
            return "unlabelled"
        return None if tags or self.keep_untagged else "untagged"

    def as_json(self) -> dict[str, Json]:
        """The rules that decide the content, as JSON: all but the tolerance.

        `leakage` and `quick_check` are left out where they change nothing, as in records built before these
        rules existed.
        """
        rules = {key: value for key, value in asdict(self).items() if key != "bad_share"}
        unchanged = {"leakage": "keep-all", "quick_check": False}
        return {key: value for key, value in rules.items() if value != unchanged.get(key, ...)}
