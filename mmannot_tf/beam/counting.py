"""Counts of a pipeline, exact also where a runner repeats work, and how they come back to the command.

Beam's own counters are exact on some runners only. These are a part of the output: the last step of the
pipeline writes them to one small file, which the command reads and removes.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems

from mmannot_tf.beam.matching import Listing
from mmannot_tf.beam.tags import TagsTally
from mmannot_tf.serving.annotation import Result, Unreadable
from mmannot_tf.serving.inputs.passed_over import PassedOver
from mmannot_tf.serving.outputs.summary import Summary
from mmannot_tf.serving.outputs.unknown_tags import UnknownTagsDocument


class CountResults(beam.CombineFn):
    """Results to their `Summary`."""

    def create_accumulator(self) -> Summary:
        """A summary of nothing."""
        return Summary()

    def add_input(self, summary: Summary, result: Result) -> Summary:
        """Adds a result."""
        summary.add(result)
        return summary

    def merge_accumulators(self, summaries: Iterable[Summary]) -> Summary:
        """One summary of all."""
        merged = Summary()
        for summary in summaries:
            merged.merge(summary)
        return merged

    def extract_output(self, summary: Summary) -> Summary:
        """The summary."""
        return summary


@dataclass(frozen=True)
class Counts:
    """What the command says at its end.

    Attributes:
        summary: of the results, without their unknown tags.
        unknown_tags: the unknown tags as JSON values.
        notes: lines on them.
        listings: what each argument named, in no order.
        tags: how the rows of a file with tags matched; None without such a file.
        files: some of the files that were written.
    """

    summary: Summary
    unknown_tags: UnknownTagsDocument
    notes: Sequence[str]
    listings: Sequence[Listing]
    tags: TagsTally | None
    files: Sequence[str]


def write_counts(
    path: str,
    summary: Summary,
    listings: Iterable[Listing],
    files: Iterable[str],
    tags: TagsTally | None = None,
) -> None:
    """Writes the counts to a file of any of Beam's file systems."""
    document = {
        "annotated": summary.annotated,
        "unreadable": summary.unreadable,
        "named": [unreadable.document() for unreadable in summary.named],
        "unknown_tags": summary.unknown_tags.document(),
        "notes": [*summary.unknown_tags.lines()],
        "listings": [
            {**vars(listing), "passed_over": listing.passed_over.document()} for listing in listings
        ],
        "tags": None if tags is None else asdict(tags),
        "files": list(files),
    }
    with FileSystems.create(path, mime_type="application/json") as file:
        file.write(json.dumps(document).encode())


def take_counts(path: str) -> Counts:
    """Reads the counts, and removes their file."""
    with FileSystems.open(path) as file:
        document = json.loads(file.read())
    FileSystems.delete([path])
    summary = Summary()
    summary.annotated, summary.unreadable = document["annotated"], document["unreadable"]
    summary.named = [Unreadable(**unreadable) for unreadable in document["named"]]
    return Counts(
        summary,
        document["unknown_tags"],
        document["notes"],
        [_listing(listing) for listing in document["listings"]],
        None if document["tags"] is None else _tally(document["tags"]),
        document["files"],
    )


def _listing(document: Mapping[str, Any]) -> Listing:
    counts = {**document["passed_over"]}
    counts |= {name: Counter(counts[name]) for name in ("other_files", "system_folders")}
    return Listing(document["argument"], document["photographs"], PassedOver(**counts))


def _tally(document: Mapping[str, Any]) -> TagsTally:
    named = {name: [*map(tuple, document[name])] for name in ("unmatched_images", "ambiguous_images")}
    return TagsTally(**{**document, **named})
