"""`mmannot readings`."""

from typing import Annotated, Any

import typer

from mmannot_tf.cli.arguments import JsonOption


def readings(
    config: Annotated[
        str | None, typer.Argument(metavar="[CONFIG]", help="A TOML file, or a shipped one's name.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the paper's open points: what it says, how it is read, and by which key otherwise."""
    from mmannot_tf.paper.readings import listed
    from tfrecords_tools.shell.console import print_json

    found = listed(_in_force(config))
    if as_json:
        print_json(found)
        return
    for reading in found:
        typer.echo("\n".join(_lines(reading)))


def _in_force(config: str | None) -> dict[str, Any]:
    from mmannot_tf.config.loading import load
    from mmannot_tf.paper.readings import in_force

    return {} if config is None else in_force(load(config))


def _lines(reading: dict[str, Any]) -> list[str]:
    keys = [
        f"  {key['name']} = {key['value']}"
        + ("" if key["value"] == key["default"] else "  (not the default)")
        for key in reading["keys"]
    ]
    return [
        f"{reading['number']}. {reading['title']}",
        f"  paper: {reading['paper']}",
        *([f"  readings: {'; '.join(reading['options'])}"] if len(reading["options"]) > 1 else []),
        f"  default: {reading['default']}",
        f"  evidence: {reading['evidence']}",
        *(keys or ["  no key: structure"]),
        "",
    ]
