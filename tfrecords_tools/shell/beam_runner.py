"""The runner of an Apache Beam pipeline; importing this module does not import Beam."""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tfrecords_tools.shell.errors import UserError, one_line
from tfrecords_tools.shell.extras import install_command

if TYPE_CHECKING:
    from apache_beam.options.pipeline_options import PipelineOptions
    from apache_beam.runners.runner import PipelineRunner

_NO_PRISM = "--allow_unsafe_triggers"
"""DirectRunner then runs in Python as it always did. Else it first downloads another runner, Prism, which has
no use for `--direct_num_workers`. Our pipelines have no triggers."""


@dataclass(frozen=True)
class BeamRunner:
    """The runner of a pipeline.

    Attributes:
        name: name of a Beam runner: "DirectRunner", "FlinkRunner", "DataflowRunner", …
        options: Beam's command-line options: "--direct_num_workers=2", …
    """

    name: str
    options: tuple[str, ...] = ()

    @property
    def is_direct(self) -> bool:
        """Whether it is Beam's runner of this machine."""
        return self.name.lower() in ("direct", "directrunner")

    def open(self) -> tuple[PipelineRunner, PipelineOptions]:
        """The runner and the options of a pipeline.

        Raises:
            UserError: Apache Beam or the runner's own package is not installed, Beam has no such runner, or
                it refuses an option.
        """
        try:
            with _without_warnings():
                from apache_beam.options.pipeline_options import PipelineOptions
                from apache_beam.runners.runner import create_runner
        except ImportError:
            raise UserError(
                f"--beam-runner needs Apache Beam. Received: none. Run `{install_command('beam')}`."
            ) from None
        self._check_form()
        ours = [_NO_PRISM] if self.is_direct else []
        try:
            with contextlib.redirect_stderr(io.StringIO()) as messages:
                options = PipelineOptions([*self.options, *ours])
                options.get_all_options()
        except SystemExit:  # how argparse refuses a value
            reason = (messages.getvalue().strip().splitlines() or [""])[-1].partition("error: ")[2]
            given = " ".join(self.options)
            raise UserError(
                f"every --beam-option must be an option of Beam. Received: {given}: {reason}."
            ) from None
        try:
            return create_runner(self.name), options
        except (ValueError, ImportError, AttributeError) as error:
            raise UserError(f"--beam-runner must be a runner of Beam. Received: {one_line(error)}") from None

    def _check_form(self) -> None:
        for option in self.options:
            if not option.startswith("--"):
                raise UserError(
                    "every --beam-option must be an option of Beam, such as --direct_num_workers=2. "
                    f"Received: {option}. Write --beam-option=--NAME=VALUE."
                )


@contextlib.contextmanager
def _without_warnings() -> Iterator[None]:
    """Drops warnings while Beam is imported: it warns of each cloud whose packages are not installed."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
