"""Arguments and options that several commands share."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, TypeVar, overload

import typer

from tfrecords_tools.shell.errors import UserError

Name = TypeVar("Name", bound=str)

ConfigArgument = Annotated[
    str, typer.Argument(metavar="CONFIG", help="A TOML file, or the name of a shipped configuration.")
]
RecordsOption = Annotated[Path, typer.Option("--data", help="The records' folder.")]
SettingsOption = Annotated[list[str] | None, typer.Option("--set", help="section.key=value, repeatable.")]
RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="A folder that `mmannot train` made.")]
DataOption = Annotated[
    Path | None, typer.Option("--data", help="The run's records, if they have moved since training.")
]
SplitOption = Annotated[str, typer.Option("--split", help="train, validation or test.")]
BootstrapOption = Annotated[
    int, typer.Option("--bootstrap", help="Bootstrap resamples for intervals and paired tests; 0 for none.")
]
TaggedOption = Annotated[
    bool, typer.Option("--tagged", help="Only images with a tag of the vocabulary, as in the paper.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
MethodsOption = Annotated[
    str | None,
    typer.Option(
        "--methods", help="Also train compared systems: all, or their names (see `mmannot methods`)."
    ),
]
StrategyOption = Annotated[
    str,
    typer.Option(
        "--strategy",
        help="one (a GPU if there is one), mirrored (all of this machine) or multi-worker (TF_CONFIG).",
    ),
]
LogicalDevicesOption = Annotated[
    int | None,
    typer.Option("--logical-devices", min=1, help="Split the CPU into this number of devices.", hidden=True),
]
EngineOption = Annotated[
    str, typer.Option("--engine", help="tensorflow, openvino, onnx, litert; auto: the fastest that agrees.")
]
PrecisionOption = Annotated[
    Literal["float32", "bfloat16"],
    typer.Option("--precision", help="The precision in which OpenVINO computes."),
]
ToleranceOption = Annotated[
    float, typer.Option("--tolerance", min=0.0, help="Largest allowed difference of a probability.")
]

ONE_DEVICE = "one"
"""The default of `--strategy`: one device."""
DEFAULT_RESAMPLES = 1000
"""The default of `--bootstrap`."""


@overload
def split_names(names: str) -> list[str]: ...
@overload
def split_names(names: None) -> None: ...
def split_names(names: str | None) -> list[str] | None:
    """Splits the comma-separated names of an option; returns None if it was not given."""
    return None if names is None else [name.strip() for name in names.split(",")]


def table_number(given: str, numbers: Sequence[Name]) -> Name:
    """The one of `numbers` that was given, in capitals or not.

    Raises:
        UserError: it is none of them.
    """
    for number in numbers:
        if number == given.upper():
            return number
    raise UserError(f"--table must be one of {', '.join(numbers)}. Received: {given}.")
