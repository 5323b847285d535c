"""Arguments that several commands take."""

from pathlib import Path
from typing import Annotated, Literal

import typer

ConfigArgument = Annotated[
    str, typer.Argument(metavar="CONFIG", help="A TOML file, or a shipped one's name.")
]
RecordsOption = Annotated[Path, typer.Option("--data", help="The records' folder.")]
SettingsOption = Annotated[list[str] | None, typer.Option("--set", help="section.key=value, repeatable.")]
RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="A folder that `mmannot train` made.")]
DataOption = Annotated[
    Path | None, typer.Option("--data", help="The run's records, where they have moved since training.")
]
SplitOption = Annotated[str, typer.Option("--split", help="train, validation or test.")]
BootstrapOption = Annotated[
    int, typer.Option("--bootstrap", help="Resamples for intervals and paired tests; 0 for neither.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
MethodsOption = Annotated[
    str | None,
    typer.Option("--methods", help="Compared systems to train too: all, or names (see `mmannot methods`)."),
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
    typer.Option("--logical-devices", min=1, help="Split the CPU into so many devices.", hidden=True),
]
EngineOption = Annotated[
    str, typer.Option("--engine", help="tensorflow, openvino, onnx, litert; auto: the fastest that agrees.")
]
PrecisionOption = Annotated[
    Literal["float32", "bfloat16"], typer.Option("--precision", help="In which OpenVINO computes.")
]
ToleranceOption = Annotated[
    float, typer.Option("--tolerance", min=0.0, help="What an engine's probabilities may differ by.")
]

ONE = "one"
"""The strategy unless `--strategy` says otherwise."""
TOLERANCE = 1e-4
"""Ours: engines in float32 were seen to differ from TensorFlow by 1e-6 to 1e-5."""
DRAWS = 1000
"""How many times the test images are drawn again unless `--bootstrap` says otherwise."""


def listed(names: str | None) -> list[str] | None:
    """What a comma-separated option names; None where it was not given."""
    return None if names is None else [name.strip() for name in names.split(",")]
