"""`mmannot readings`."""

from typing import TYPE_CHECKING, Annotated

import typer

from mmannot_tf.cli.arguments import JsonOption

if TYPE_CHECKING:
    from mmannot_tf.paper.readings import ReadingInForce


def readings(
    config: Annotated[
        str | None, typer.Argument(metavar="[CONFIG]", help="A TOML file, or a shipped one's name.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the paper's open points: what it says, how it is read, and by which key otherwise."""
    from mmannot_tf.config.loading import load
    from mmannot_tf.evaluation.document import document
    from mmannot_tf.paper.readings import in_force, readings_in_force
    from tfrecords_tools.shell.console import print_json

    values = {} if config is None else in_force(load(config))
    listed = readings_in_force(values)
    if as_json:
        print_json(document(listed))
        return
    for reading in listed:
        typer.echo("\n".join(_lines(reading)))


def _lines(listed: "ReadingInForce") -> list[str]:
    reading = listed.reading
    keys = [
        f"  {key.name} = {key.value}" + ("" if key.value == key.default else "  (not the default)")
        for key in listed.keys
    ]
    return [
        f"{reading.number}. {reading.title}",
        f"  paper: {reading.paper}",
        *([f"  readings: {'; '.join(reading.options)}"] if len(reading.options) > 1 else []),
        f"  default: {reading.default}",
        f"  evidence: {reading.evidence}",
        *(keys or ["  no key: structure"]),
        "",
    ]
