"""What a bulk annotation says at its end: one summary, as lines and as JSON values."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NotRequired

from mmannot_tf.serving.inputs.metadata_tags import MetadataDocument, MetadataReport
from mmannot_tf.serving.inputs.passed_over import PassedOver, PassedOverDocument
from mmannot_tf.serving.inputs.tags_file import TagsFileDocument, TagsFileReport
from mmannot_tf.serving.outputs.output import Output
from mmannot_tf.serving.outputs.summary import Summary, SummaryDocument
from mmannot_tf.serving.outputs.wanted_photographs import OutdatedDocument, WantedPhotographs
from tfrecords_tools.shell.console import notice
from tfrecords_tools.shell.errors import UserError


class EndReportDocument(SummaryDocument):
    """The report as JSON values; `tags_file` and `metadata` if tags came from there."""

    passed_over: PassedOverDocument
    outdated: OutdatedDocument
    earlier: int
    earlier_errors: int
    tags_file: NotRequired[TagsFileDocument]
    metadata: NotRequired[MetadataDocument]


@dataclass(frozen=True)
class EndReport:
    """The report on a bulk annotation.

    Attributes:
        named: what was named, in one line.
        summary: the counts of this run's photographs.
        output: where they were written.
        wanted: the photographs that the output lacked.
        passed_over: what is no photograph below the folders.
        tags_file: how the rows of a file with tags matched; None without a file, or if the run stopped early.
        metadata: how many photographs had keywords; None if nobody looked.
    """

    named: str
    summary: Summary
    output: Output
    wanted: WantedPhotographs
    passed_over: PassedOver
    tags_file: TagsFileReport | None
    metadata: MetadataReport | None

    def lines(self) -> Iterator[str]:
        """What a user should know, a line each; none if there is nothing."""
        notes = [*self.summary.unknown_tags.lines()]
        notes += self.metadata.lines() if self.metadata else ()
        notes += self.tags_file.lines() if self.tags_file else ()
        notes += self.wanted.lines()
        if not self.wanted.found:
            notes.append(f"no photograph was found in {self.named}")
        yield from (f"note: {note}" for note in notes)
        if str(self.passed_over):
            yield f"passed over: {self.passed_over}"

    def document(self) -> EndReportDocument:
        """The report as JSON values."""
        document: EndReportDocument = {
            **self.summary.document(),
            "passed_over": self.passed_over.document(),
            "outdated": self.wanted.document(),
            "earlier": self.output.already_done,
            "earlier_errors": self.output.earlier_errors,
        }
        if self.tags_file:
            document["tags_file"] = self.tags_file.document()
        if self.metadata:
            document["metadata"] = self.metadata.document()
        return document


def report_errors(summary: Summary, earlier: int, on_error: str, *, listed: bool) -> None:
    """Names the unreadable images; fails unless `on_error` is "skip" or nothing is unreadable."""
    for image in summary.named:
        notice(f"error: {image.image}: {image.error}")
    count = summary.unreadable
    if not count + earlier:
        return
    more = count - len(summary.named)
    received = []
    if count:
        others = f" or, {more:,} more, in the output" if more and listed else ""
        received.append(f"{count:,} with an error, named above{others}")
    if earlier:
        received.append(f"{earlier:,} in the output with an error of an earlier run")
    text = f"every photograph must be annotated. Received: {' and '.join(received)}."
    if on_error == "skip":
        notice(f"skipped: {text}")
        return
    raise UserError(text)
