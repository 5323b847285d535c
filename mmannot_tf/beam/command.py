"""`mmannot annotate --beam-runner`."""

import logging
from collections.abc import Sequence

from mmannot_tf.beam.arguments import BeamArguments
from mmannot_tf.serving.outputs.summary import Summary
from tfrecords_tools.shell.beam_runner import BeamRunner
from tfrecords_tools.shell.console import notice, print_json
from tfrecords_tools.shell.errors import UserError


def annotate_on_beam(
    arguments: BeamArguments, runner: str | None, options: Sequence[str] | None, *, as_json: bool = False
) -> Summary:
    """Annotates on a runner of Beam, and says what was done.

    Args:
        arguments: the arguments.
        runner: of `--beam-runner`.
        options: of `--beam-option`.
        as_json: whether a JSON document is printed.

    Raises:
        UserError: an option is missing or makes no sense here, Apache Beam is not installed, MODEL is no
            export, or the pipeline failed.
    """
    _check(arguments, runner, options)
    beam_runner = BeamRunner(str(runner), tuple(options or ()))
    beam_runner.open()

    from mmannot_tf.beam.annotation import annotate_files

    logging.getLogger().addFilter(_is_of_use)
    report = annotate_files(arguments, beam_runner)
    for line in report.lines():
        notice(line)
    if as_json:
        print_json(report.document())
    return report.summary


def _is_of_use(record: logging.LogRecord) -> bool:
    """Whether a message is worth a line: Beam says so of each worker where it cannot measure memory."""
    return "Resource module is not available" not in record.getMessage()


def _check(arguments: BeamArguments, runner: str | None, options: Sequence[str] | None) -> None:
    if runner is None:
        raise UserError(
            f"--beam-option needs a --beam-runner. Received: {' '.join(options or ())}. Name a runner."
        )
    refused = [name for name, is_given in arguments.refused.items() if is_given]
    if refused:
        raise UserError(
            f"--beam-runner writes records of all photographs, and takes no {refused[0]}. Received: "
            f"{', '.join(refused)}. Leave it out, or annotate without --beam-runner."
        )
    if not arguments.images:
        raise UserError("--beam-runner needs photographs. Received: none. Name files, folders or patterns.")
    if arguments.out is None:
        raise UserError("--beam-runner needs files to write. Received: no --out.")
