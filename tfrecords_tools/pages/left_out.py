"""The photographs that a build left out, as the page of `inspect --html` shows them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tfrecords_tools.pages.thumbnail import SIDE
from tfrecords_tools.photographs.regular_files import read_photograph
from tfrecords_tools.photographs.thumbnail import thumbnail_uri
from tfrecords_tools.photographs.unreadable import MISSING, UnreadableImageError
from tfrecords_tools.reading.marker import Marker
from tfrecords_tools.reading.passed_over import WORDS
from tfrecords_tools.reading.records import MARKER, Records
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import read_json
from tfrecords_tools.shell.paths import path_below, shown

PER_REASON = 12
"""Most photographs shown for one reason: at most 1 MB of thumbnails in all."""
UNUSABLE = "files that cannot be used"
UNLISTED = "photographs that no row names"


@dataclass(frozen=True)
class LeftOut:
    """A photograph that a build left out.

    Attributes:
        file: its path below the raw folder, for a reader's eyes.
        row: its place in the annotations; empty if not known.
        reason: why this one was left out; empty if its heading says so.
        image: the upright thumbnail as a `data:` URI; empty if there is none.
        problem: why there is no thumbnail; empty if nobody looked for one.
        width: of the thumbnail, in pixels.
        height: of the thumbnail, in pixels.
    """

    file: str
    row: str = ""
    reason: str = ""
    image: str = ""
    problem: str = ""
    width: int = 0
    height: int = 0


def left_out(records: Records, raw: Path | None) -> dict[str, list[LeftOut]]:
    """The first `PER_REASON` photographs that were left out for each reason, by the reason in words.

    Args:
        records: the records; those of before name only unreadable files, and files that no row names.
        raw: the folder that they were built from; None makes no thumbnails.

    Raises:
        UserError: `raw` is no folder.
    """
    if raw is not None and not raw.is_dir():
        raise UserError(
            f"--raw must be the folder that the records were built from. Received: {raw}, which is no "
            "folder. Leave it out for a page without pictures of what was left out."
        )
    groups: defaultdict[str, list[LeftOut]] = defaultdict(list)
    for heading, file, row, reason in _named(records):
        if len(groups[heading]) < PER_REASON:
            groups[heading].append(_pictured(raw, file, row, reason))
    return dict(groups)


def _named(records: Records) -> Iterator[tuple[str, str, str, str]]:
    """The heading, file, row and reason of each photograph that records.json names."""
    marker: Marker = read_json(records.path / MARKER, "records' metadata")
    for image in marker["unreadable"]:
        yield UNUSABLE, image["file"], image.get("row", ""), image["reason"]
    for image in marker.get("left_out", ()):
        yield WORDS.get(image["reason"], image["reason"]), image["file"], image.get("row", ""), ""
    unlisted = records.passed_over["unlisted"] if records.passed_over else None
    for file in unlisted["named"] if unlisted else ():
        yield UNLISTED, file, "", ""


def _pictured(raw: Path | None, file: str, row: str, reason: str) -> LeftOut:
    if raw is None:
        return LeftOut(shown(file), row, reason)
    try:
        uri, (width, height) = thumbnail_uri(read_photograph(raw / path_below(file)), SIDE)
    except (UnreadableImageError, ValueError) as error:
        is_known = reason and str(error) != MISSING  # the build's words are plainer than Pillow's
        return LeftOut(shown(file), row, reason, problem=reason if is_known else str(error))
    return LeftOut(shown(file), row, reason, uri, "", width, height)
