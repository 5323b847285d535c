"""Annotates what a command names on a runner of Beam, and reports on it."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmannot_tf.beam.addresses import address, check_file_system
from mmannot_tf.beam.arguments import BeamArguments
from mmannot_tf.beam.counting import Counts, take_counts
from mmannot_tf.beam.pipeline import BeamInputs, run_pipeline
from mmannot_tf.beam.transform import Annotate
from mmannot_tf.beam.writing import ShardedFiles
from mmannot_tf.decisions.override import Override
from mmannot_tf.serving.decisions import Decisions
from mmannot_tf.serving.inputs.passed_over import PassedOver
from mmannot_tf.serving.inputs.tags_file import COLUMNS, TagsFileReport
from mmannot_tf.serving.outputs.summary import Summary
from tfrecords_tools.shell.addresses import is_address
from tfrecords_tools.shell.beam_runner import BeamRunner
from tfrecords_tools.shell.counted import counted
from tfrecords_tools.shell.tables import Table


@dataclass(frozen=True)
class BeamReport:
    """The report on an annotation.

    Attributes:
        counts: of the pipeline.
        summary: its counts of results, with the seconds that the command took.
        tags_file: how the rows of a file with tags matched; None without such a file.
        decisions: the ways of the model; None for an export without ways.
        decide: how many labels photographs got.
        shards: the files that were written.
        replaced: the number of files of an earlier run, which were removed.
    """

    counts: Counts
    summary: Summary
    tags_file: TagsFileReport | None
    decisions: Decisions | None
    decide: Override
    shards: Sequence[str]
    replaced: int

    @property
    def passed_over(self) -> PassedOver:
        """What is no photograph below all folders."""
        merged = PassedOver()
        for listing in self.counts.listings:
            merged.add(listing.passed_over)
        return merged

    def lines(self) -> Iterator[str]:
        """What a user should know, a line each."""
        notes = [*self.counts.notes, *(self.tags_file.lines() if self.tags_file else ())]
        notes += [
            f"no photograph was found in {listing.argument}"
            for listing in sorted(self.counts.listings, key=lambda listing: listing.argument)
            if not listing.photographs
        ]
        yield from (f"note: {note}" for note in notes)
        if str(self.passed_over):
            yield f"passed over: {self.passed_over}"
        decided = self.decisions and f"; decided by {self.decisions.names_in_words(self.decide)}"
        yield f"{self.summary}{decided or ''}"
        more = " …" if len(self.shards) > 1 else ""
        earlier = f", in place of {counted(self.replaced, 'file')} of an earlier run" if self.replaced else ""
        yield f"written: {counted(len(self.shards), 'file')}, {self.shards[0]}{more}{earlier}"

    def document(self) -> dict[str, Any]:
        """The report as JSON values."""
        return {
            **({} if self.decisions is None else {"decisions": self.decisions.names(self.decide)}),
            **self.summary.document(),
            "unknown_tags": self.counts.unknown_tags,
            "passed_over": self.passed_over.document(),
            **({"tags_file": self.tags_file.document()} if self.tags_file else {}),
            "files": [*self.shards],
        }


def annotate_files(arguments: BeamArguments, runner: BeamRunner) -> BeamReport:
    """Runs the pipeline, and gathers what there is to say about it.

    Raises:
        UserError: an address is on no file system of Beam, MODEL is no export, or the pipeline failed.
    """
    start = time.perf_counter()
    inputs = _inputs(arguments)
    out = address(arguments.out or "")
    check_file_system(out, what="--out")
    files = ShardedFiles.of(out if is_address(out) else str(Path(out).absolute()), arguments.output_format)
    notes = _table_notes(inputs.tags_file)
    annotate = Annotate(
        address(arguments.model),
        decide=arguments.decide,
        engine=arguments.engine.engine,
        precision=arguments.engine.precision,
        tolerance=arguments.engine.tolerance,
        batch_size=arguments.batch_size,
    )
    run_pipeline(runner, inputs, annotate, files)
    counts = take_counts(files.report)
    replaced = files.remove_others(counts.files)
    counts.summary.seconds = time.perf_counter() - start
    name = inputs.tags_file.rpartition("/")[2]
    return BeamReport(
        counts,
        counts.summary,
        counts.tags.report(name, notes) if counts.tags else None,
        annotate.model.decisions,
        arguments.decide,
        files.shards(),
        replaced,
    )


def _inputs(arguments: BeamArguments) -> BeamInputs:
    tags_file = address(arguments.tags_file) if arguments.tags_file else ""
    images = [*map(address, arguments.images)]
    for what, texts in (("IMAGE", images), ("--tags-file", [tags_file])):
        for text in texts:
            check_file_system(text, what=what)
    return BeamInputs(images, arguments.tags, tags_file)


def _table_notes(tags_file: str) -> tuple[str, ...]:
    """Reads the header of a local file with tags here, so that a wrong one is refused at once."""
    if not tags_file or is_address(tags_file):
        return ()
    return Table(Path(tags_file), what="--tags-file", columns=COLUMNS).notes
