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
    Literal["float32", "bfloat16", "int8", "auto"],
    typer.Option(
        "--precision",
        help="In which OpenVINO computes; auto: bfloat16, where the processor has units and labels stay; "
        "int8: of an export that `mmannot quantize` wrote.",
    ),
]
ThreadsOption = Annotated[
    int | None,
    typer.Option(
        "--threads",
        min=1,
        help="Threads that decode, and that compute; also as MMANNOT_THREADS. By default all cores.",
    ),
]
ToleranceOption = Annotated[
    float, typer.Option("--tolerance", min=0.0, help="Largest allowed difference of a probability.")
]

DecideOption = Annotated[
    str | None,
    typer.Option(
        "--decide",
        help="How many labels: paper, best (of a run), or a way of docs/how-many.md; by default as exported.",
    ),
]
ThresholdOption = Annotated[
    float | None,
    typer.Option("--threshold", "--least-probability", help="Every label with a probability above it."),
]
KOption = Annotated[int | None, typer.Option("--k", "--top-k", min=0, help="So many labels for every image.")]
LeastOption = Annotated[int | None, typer.Option("--least", min=0, help="At least so many labels.")]
MostOption = Annotated[int | None, typer.Option("--most", min=0, help="At most so many labels.")]
BetaOption = Annotated[
    float | None,
    typer.Option("--beta", min=0.01, max=100.0, help="F-beta: above 1 for recall, below for precision."),
]
FavourOption = Annotated[
    Literal["precision", "recall"] | None,
    typer.Option("--favour", help="The same as --beta 0.5 or --beta 2."),
]

BeamRunnerOption = Annotated[
    str | None,
    typer.Option(
        "--beam-runner", help="Annotate on Apache Beam: DirectRunner, FlinkRunner, DataflowRunner, …"
    ),
]
BeamOptionOption = Annotated[
    list[str] | None,
    typer.Option("--beam-option", help="An option of Beam, such as --direct_num_workers=2; repeatable."),
]

FAVOURED = {"precision": 0.5, "recall": 2.0}
"""β of an F_β that favours one of the two."""
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


def given_beta(beta: float | None, favour: str | None) -> float | None:
    """The weight of recall that `--beta` or `--favour` gives; None for neither.

    Raises:
        UserError: both are given.
    """
    if beta is not None and favour is not None:
        raise UserError(f"--favour stands for a --beta. Received: --favour {favour} and --beta {beta:g}.")
    return FAVOURED[favour] if favour is not None else beta


def table_number(given: str, numbers: Sequence[Name]) -> Name:
    """The one of `numbers` that was given, in capitals or not.

    Raises:
        UserError: it is none of them.
    """
    for number in numbers:
        if number == given.upper():
            return number
    raise UserError(f"--table must be one of {', '.join(numbers)}. Received: {given}.")
