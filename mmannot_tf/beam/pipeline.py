"""The pipeline of `mmannot annotate --beam-runner`: find, join tags, annotate, write, count."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import DirectOptions, PipelineOptions, WorkerOptions
from apache_beam.runners.runner import PipelineState

from mmannot_tf.beam.counting import CountResults, write_counts
from mmannot_tf.beam.matching import LISTINGS, FindPhotographs
from mmannot_tf.beam.photographs import StoredPhotograph
from mmannot_tf.beam.tags import JoinTags
from mmannot_tf.beam.transform import Annotate
from mmannot_tf.beam.writing import ShardedFiles, WriteResults
from mmannot_tf.serving.annotation import Result
from tfrecords_tools.shell.beam_runner import BeamRunner
from tfrecords_tools.shell.errors import UserError, one_line

_USER_ERROR = re.compile(r"UserError: (.*?)(?: \[while running|\n|$)")
"""What a worker's error says in the traceback that Beam makes of it."""


@dataclass(frozen=True)
class BeamInputs:
    """What is annotated.

    Attributes:
        images: files, folders and patterns, paths or URLs.
        tags: comma-separated, of photographs that `tags_file` does not name.
        tags_file: the path or URL of a CSV file with tags; empty for none.
    """

    images: Sequence[str]
    tags: str = ""
    tags_file: str = ""


def run_pipeline(runner: BeamRunner, inputs: BeamInputs, annotate: Annotate, files: ShardedFiles) -> None:
    """Annotates on a runner, and waits for it.

    Raises:
        UserError: Beam does not have the runner, or the pipeline failed; a second call begins anew.
    """
    engine, options = runner.open()
    _set_local_defaults(runner, options)
    pipeline = beam.Pipeline(engine, options)
    _build(pipeline, inputs, annotate, files)
    try:
        state = pipeline.run().wait_until_finish()
    except Exception as error:  # each runner has its own
        raise _as_user_error(error) from error
    if state != PipelineState.DONE:
        raise UserError(f"Beam pipeline must finish. Received: {state}. Run the same command again.")


def _build(pipeline: beam.Pipeline, inputs: BeamInputs, annotate: Annotate, files: ShardedFiles) -> None:
    found = (
        pipeline
        | "Arguments" >> beam.Create([*enumerate(inputs.images)])
        | "Spread arguments" >> beam.Reshuffle()
        | "Find" >> beam.ParDo(FindPhotographs()).with_outputs(LISTINGS, main="found")
    )
    tagged, tally = _with_tags(found.found, inputs)
    results = (
        tagged
        | "Stored" >> beam.MapTuple(_stored)
        | "Annotate" >> annotate.results()
        | "Path" >> beam.Map(_with_path)
    )
    written = results | "Write" >> WriteResults(files, annotate.annotated_by)
    summary = results | "Count" >> beam.CombineGlobally(CountResults())
    tallies = {} if tally is None else {"tags": beam.pvalue.AsSingleton(tally)}
    _ = (
        pipeline
        | "Report" >> beam.Create([files.report])
        | "Write report"
        >> beam.Map(
            write_counts,
            summary=beam.pvalue.AsSingleton(summary),
            listings=beam.pvalue.AsIter(found[LISTINGS]),
            files=beam.pvalue.AsIter(written),
            **tallies,
        )
    )


def _with_tags(found: Any, inputs: BeamInputs) -> tuple[Any, Any]:
    """Each photograph once with its tags, and how the rows of the file matched, if there is one."""
    if inputs.tags_file:
        return found | "Tags" >> JoinTags(inputs.tags_file, inputs.tags)
    once = found | "Once" >> beam.GroupByKey()
    return once | "Same tags" >> beam.MapTuple(_with_text, tags=inputs.tags), None


def _with_text(path: bytes, _: object, tags: str = "") -> tuple[bytes, str]:
    return path, tags


def _stored(path: bytes, tags: str) -> tuple[bytes, StoredPhotograph]:
    return path, StoredPhotograph(os.fsdecode(path), tags)


def _with_path(result: Result) -> Result:
    """A result with its path as text; in between it is bytes, for a file's name need not be UTF-8."""
    return replace(result, image=os.fsdecode(result.image))


def _set_local_defaults(runner: BeamRunner, options: PipelineOptions) -> None:
    """Lets `--direct_num_workers` start processes, which write no diary; an option that is given stays.

    Beam's own default runs everything on one thread, for any number of workers.
    """
    given = {option.partition("=")[0] for option in runner.options}
    direct, worker = options.view_as(DirectOptions), options.view_as(WorkerOptions)
    if direct.direct_num_workers != 1 and "--direct_running_mode" not in given:
        direct.direct_running_mode = "multi_processing"
    if runner.is_direct and "--default_sdk_harness_log_level" not in given:
        worker.default_sdk_harness_log_level = "ERROR"


def _as_user_error(error: Exception) -> UserError:
    """An error of a worker in one line; a `UserError` there is one here."""
    ours = _USER_ERROR.findall(str(error))
    if isinstance(error, UserError) or ours:
        return UserError(ours[-1] if ours else re.sub(r" \[while running.*", "", str(error), flags=re.DOTALL))
    last = RuntimeError((str(error).strip().splitlines() or [""])[-1].rstrip("."))
    return UserError(
        f"Beam pipeline must finish. Received: {type(error).__name__}: {one_line(last)}. "
        "Run the same command again."
    )
