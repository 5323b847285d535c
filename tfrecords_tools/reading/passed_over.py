"""What a build left out, as the terminal, records.json and the pages of `inspect` and `report` say it."""

from collections.abc import Iterator
from typing import TypedDict

from tfrecords_tools.shell.counted import counted
from tfrecords_tools.shell.listing import listed
from tfrecords_tools.shell.paths import shown


class UnlistedFiles(TypedDict):
    """Files in the folder of photographs that no row names.

    `named` are the first of the photographs; `other` counts files of other suffixes by suffix.
    """

    photographs: int
    named: list[str]
    other: dict[str, int]
    hidden: int


class PassedOver(TypedDict):
    """What a build left out.

    `images` counts by reason: missing, unreadable, placeholder, leakage, unlabelled, untagged, label-errors
    (rows that a repair left out). `unlisted` is None if nobody looked.
    """

    images: dict[str, int]
    unlisted: UnlistedFiles | None


class PassedOverCount(TypedDict):
    """A line of the summary: what, how many, and examples."""

    what: str
    count: int
    examples: str


WORDS = {
    "missing": "rows without a file",
    "unreadable": "unreadable files",
    "placeholder": "placeholders",
    "leakage": "copies of photographs in another split",
    "unlabelled": "photographs without a label",
    "untagged": "photographs without a tag",
    "label-errors": "rows with an error",
}


ONE = {
    "rows without a file": "row without a file",
    "unreadable files": "unreadable file",
    "placeholders": "placeholder",
    "copies of photographs in another split": "copy of a photograph in another split",
    "photographs without a label": "photograph without a label",
    "photographs without a tag": "photograph without a tag",
    "rows with an error": "row with an error",
    "photographs that no row names": "photograph that no row names",
    "other files": "other file",
    "hidden files and folders": "hidden file or folder",
}
"""What there is one of."""


def counts(passed_over: PassedOver) -> Iterator[PassedOverCount]:
    """The lines of the summary; none if nothing was left out."""
    for reason, count in passed_over["images"].items():
        if count:
            yield {"what": WORDS.get(reason, reason), "count": count, "examples": ""}
    unlisted = passed_over["unlisted"]
    if unlisted is None:
        return
    if unlisted["photographs"]:
        named = [*map(shown, unlisted["named"])]
        yield {
            "what": "photographs that no row names",
            "count": unlisted["photographs"],
            "examples": listed(named, len(named), count=unlisted["photographs"]),
        }
    if unlisted["other"]:
        suffixes = ", ".join(f"{count:,} {shown(suffix)}" for suffix, count in unlisted["other"].items())
        yield {"what": "other files", "count": sum(unlisted["other"].values()), "examples": suffixes}
    if unlisted["hidden"]:
        yield {"what": "hidden files and folders", "count": unlisted["hidden"], "examples": ""}


def summary(passed_over: PassedOver) -> str:
    """The summary as a line of the terminal."""
    return f"passed over: {in_words(passed_over)}"


def in_words(passed_over: PassedOver) -> str:
    """The counts in one line; "nothing" if there are none."""
    parts = [
        counted(line["count"], ONE.get(line["what"], line["what"]), line["what"])
        + (f" ({line['examples']})" if line["examples"] else "")
        for line in counts(passed_over)
    ]
    return "; ".join(parts) or "nothing"
