"""What a machine annotates with each engine: in bulk on one core, and as a server.

    python benchmarks/capacity.py EXPORT [--scale docs/scale.md] [--production docs/production.md] [--smoke]

EXPORT holds all formats, and int8 from `mmannot quantize`. In bulk, `mmannot annotate` runs on one core with
a few and with more made photographs (640 x 480 pixels, 120 kB); the rate is that of the difference, so that
the start does not count.
The server has all cores but what 16 clients on the same machine take of them. Memory is the largest resident
set. Linux only.
"""

import os
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from annotate import made_photographs
from harness import SmokeOption
from pages import hardware, write_into
from serve import Load, server_address

from mmannot_tf.cli.launch import PROGRAM

ENGINES = ("tensorflow", "onnx", "litert", "openvino", "openvino:bfloat16", "openvino:int8")
FEW, MANY = 64, 320
CLIENTS, SECONDS = 16, 30.0
MILLION = 1_000_000
GIB = 2**30
COMMAND = "python benchmarks/capacity.py EXPORT"


@dataclass(frozen=True)
class Bulk:
    """Annotation on one core.

    Attributes:
        rate: photographs per second.
        memory: bytes.
    """

    rate: float
    memory: int

    @property
    def core_hours(self) -> float:
        """For a million photographs."""
        return MILLION / self.rate / 3600


def main(
    export: Annotated[Path, typer.Argument(help="With all formats, and int8.")],
    scale: Annotated[Path | None, typer.Option(help="The page of the first table.")] = None,
    production: Annotated[Path | None, typer.Option(help="The page of the second table.")] = None,
    smoke: SmokeOption = False,
) -> None:
    """Prints both tables."""
    engines, few, many, seconds = (ENGINES[3:4], 2, 4, 2.0) if smoke else (ENGINES, FEW, MANY, SECONDS)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        less, more = made_photographs(folder / "few", few), made_photographs(folder / "many", many)
        bulk = {name: _bulk(export, name, less, more, folder) for name in engines}
        served = {name: _served(export, name, more, seconds) for name in engines}
    for page, text in ((scale, _bulk_table(bulk)), (production, _served_table(served, seconds))):
        typer.echo(text)
        if page:
            write_into(page, text)


def _options(name: str) -> list[str]:
    engine, _, precision = name.partition(":")
    lower = ["--precision", precision, "--tolerance", "0.05"] if precision else []
    return ["--engine", engine, *lower]


def _bulk(export: Path, name: str, few: Path, many: Path, scratch: Path) -> Bulk:
    taken, sizes = [], []
    for number, folder in enumerate((few, many)):
        out = scratch / f"{name}{number}.jsonl"
        command = [*PROGRAM, "annotate", str(export), str(folder), "--out", str(out), *_options(name)]
        begun = time.perf_counter()
        sizes.append(_on_one_core(command))
        taken.append(time.perf_counter() - begun)
    photographs = len([*many.iterdir()]) - len([*few.iterdir()])
    return Bulk(photographs / (taken[1] - taken[0]), max(sizes))


def _on_one_core(command: Sequence[str]) -> int:
    """Runs a command on one core; returns its largest resident set, in bytes."""
    core = min(os.sched_getaffinity(0))
    with subprocess.Popen(
        ["taskset", "--cpu-list", str(core), *command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        said = process.stderr.read().decode()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed: {said}")
    return usage.ru_maxrss * 1024


def _served(export: Path, name: str, folder: Path, seconds: float) -> dict[str, float]:
    photographs = [file.read_bytes() for file in sorted(folder.iterdir())]
    command = [*PROGRAM, "serve", str(export), "--port", "0", *_options(name)]
    with (
        tempfile.TemporaryFile() as log,
        subprocess.Popen(command, stderr=subprocess.PIPE, stdout=log, text=True) as server,
    ):
        try:
            load = Load(server_address(server), photographs, seconds)
            memory = load.run(CLIENTS, server.pid)
        finally:
            server.terminate()
        server.stderr.read()
    return load.figures() | {"memory": max(memory.values())}


def _bulk_table(bulk: dict[str, Bulk]) -> str:
    lines = [
        f"`{COMMAND}`, a core of {hardware()}.",
        "",
        "| engine | photographs/s a core | memory, GiB | core-hours a million |",
        "|---|---:|---:|---:|",
    ]
    for name, one in bulk.items():
        cells = f"{one.rate:.1f} | {one.memory / GIB:.1f} | {one.core_hours:,.0f}"
        lines.append(f"| {name.replace(':', ', ')} | {cells} |")
    return "\n".join(lines)


def _served_table(served: dict[str, dict[str, float]], seconds: float) -> str:
    lines = [
        f"`{COMMAND}`, {CLIENTS} clients for {seconds:.0f} s on the server's own {hardware()}.",
        "",
        "| engine | requests/s | photographs/s | median, s | 99 %, s | failed | memory, GiB |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, one in served.items():
        cells = (
            f"{one['requests'] / seconds:.1f}",
            f"{one['images_per_second']:.1f}",
            f"{one['seconds_median']:.2f}",
            f"{one['seconds_99']:.2f}",
            f"{one['failed']:.0f}",
            f"{one['memory'] / 1024:.1f}",
        )
        lines.append(f"| {name.replace(':', ', ')} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    typer.run(main)
