"""`mmannot init`."""

from pathlib import Path
from typing import Annotated

import typer

from tfrecords_tools.shell.errors import UserError


def init(
    records: Annotated[
        Path, typer.Argument(metavar="RECORDS", help="A folder that `mmannot-records build` made.")
    ],
    out: Annotated[Path, typer.Option("--out", help="The TOML file to write.")],
    minutes: Annotated[
        float, typer.Option("--minutes", min=0.0, help="The longest training that is proposed.")
    ] = 30.0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing file.")] = False,
) -> None:
    """Write a configuration that fits your records, with what it takes to train it on this machine."""
    from tfrecords_tools.reading.records import open_records
    from tfrecords_tools.shell.console import notice, print_line
    from tfrecords_tools.shell.files import write_text
    from tfrecords_tools.shell.output_file import output_file
    from tfrecords_tools.shell.paths import shown
    from tfrecords_tools.shell.tensorflow_logging import import_tensorflow

    for option, path in (("--out", out), ("RECORDS", records)):
        if not str(path).isprintable():
            raise UserError(
                f"{option} must have a printable name, for the file states it. Received: {shown(str(path))}."
            )
    target = output_file(out, "--out")
    if target.exists() and not overwrite:
        raise UserError(f"--out must be a new file. Received: {out}, which exists. Pass --overwrite.")
    opened = open_records(records)
    import_tensorflow()

    from mmannot_tf.training.profiling.machine_speed import measure_machine_speed
    from mmannot_tf.workflows.proposing import propose, training_command

    notice("measuring this machine on your photographs, with random weights")
    proposal = propose(opened, minutes=minutes, measure=measure_machine_speed)
    write_text(target, proposal.text(records=str(records), file=str(out)))
    for remark in proposal.remarks():
        print_line(remark)
    notice(f"written: {out}. Next: {training_command(str(records), str(out))}")
