"""Photographs per second of `mmannot annotate`, compared with the forward pass of the engine alone.

    python benchmarks/annotate.py [PHOTOGRAPHS] [--backbone resnet101] [--engine onnx] [--json annotate.json]

The model has random weights, at the paper's sizes (224 pixels, 81 labels, 1,000 tags), and is exported in
every format first. "annotate" lists, reads, decodes, runs and writes JSON lines as the command does, timed
from the first file to the last line, with the engine loaded before; "engine" runs as many batches of pixels
in memory. Both run in turn, several times, and the ratio is the median of the pairs', so that other work on
the machine slows both. Where that work varies, the ratio of the processor times is what a quiet machine
would give, because all cores are busy on both sides. Needs the extra `engines`.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from fresh_run import random_run
from harness import Answer, Better, JsonOption, SmokeOption, quartiles, report
from photographs import photograph

from mmannot_tf.serving.annotating.annotator import Annotator
from mmannot_tf.serving.engines.catalogue import ENGINES, FORMATS, HEADS, open_engine
from mmannot_tf.serving.exporting.export import export
from mmannot_tf.serving.inputs.photographs import photographs
from mmannot_tf.serving.model import Model, open_model
from mmannot_tf.serving.network import Engine, NetworkInputs
from mmannot_tf.serving.outputs.json_lines import JsonLines
from mmannot_tf.serving.outputs.record_file import RecordFile
from mmannot_tf.serving.outputs.summary import Summary

TAG_TEXT = "tag3, tag14, tag159"
MADE_PHOTOGRAPHS = 64
GOAL: tuple[Better, float] = ("at least", 0.9)


def main(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PHOTOGRAPHS...]", help="Files and folders; by default 64 made ones."),
    ] = None,
    backbone: Annotated[str, typer.Option(help="A backbone of the configuration.")] = "resnet101",
    engines: Annotated[list[str] | None, typer.Option("--engine", help="ENGINE or ENGINE:bfloat16.")] = None,
    batch_size: Annotated[int, typer.Option(help="Images a forward pass.")] = 16,
    pairs: Annotated[int, typer.Option(help="Times both are measured.")] = 3,
    work: Annotated[Path | None, typer.Option(help="Where the model is kept for another call.")] = None,
    smoke: SmokeOption = False,
    json_file: JsonOption = None,
) -> None:
    """Prints photographs per second beside the engine's alone, for each engine."""
    names = engines or [*ENGINES, "openvino:bfloat16"]
    options: tuple[str, ...] = ()
    count = MADE_PHOTOGRAPHS
    if smoke:
        backbone, options, names, pairs, count = "tiny", ("data.image_size=32",), ["openvino"], 1, 3
    with tempfile.TemporaryDirectory() as scratch:
        model = exported(work or Path(scratch), backbone, options)
        wanted = folders or [made_photographs(Path(scratch) / "photographs", count)]
        report([measured(model, name, wanted, batch_size, pairs, Path(scratch)) for name in names], json_file)


def made_photographs(folder: Path, count: int) -> Path:
    """A folder of so many images with the cost of photographs."""
    folder.mkdir()
    for number in range(count):
        (folder / f"{number}.jpg").write_bytes(photograph(number))
    return folder


def exported(work: Path, backbone: str, options: Sequence[str]) -> Model:
    """A model with random weights in every format; an existing one is reused."""
    if not (work / "export").is_dir():
        export(
            random_run(work / "run", backbone, *options),
            work / "export",
            formats=[name for name in FORMATS if name != HEADS],
            log=lambda line: typer.echo(line, err=True),
        )
    return open_model(work / "export")


def measured(
    model: Model, name: str, folders: Sequence[Path], batch_size: int, pairs: int, scratch: Path
) -> Answer:
    """Photographs per second of an engine that annotates, and images per second of the engine alone."""
    kind, _, precision = name.partition(":")
    engine = open_engine(kind, model, precision or "float32")
    probes: list[NetworkInputs] = []
    sides: dict[str, list[Cost]] = {"annotate": [], "engine": []}
    for number in range(pairs + 1):
        annotator = Annotator(model, lambda probe: probes.append(probe) or engine, engine=kind)
        out = scratch / f"{name}{number}.jsonl"
        annotate = cost(lambda: annotated(annotator, folders, batch_size, out))  # noqa: B023 (called at once)
        batches = -(-annotate.images // batch_size)
        if number:  # the first annotation also warms the engine up
            sides["annotate"].append(annotate)
            sides["engine"].append(cost(lambda: bare(engine, probes[0], batches)))  # noqa: B023
    ours, alone = ([cost.images / cost.seconds for cost in costs] for costs in sides.values())
    ratios = [one / other for one, other in zip(ours, alone, strict=True)]
    cpu = [other.cpu_an_image / one.cpu_an_image for one, other in zip(*sides.values(), strict=True)]
    return Answer(
        f"photographs annotated by {name}, how many times as fast as the engine alone",
        ("photographs/s", statistics.median(ours)),
        ("images/s", statistics.median(alone)),
        statistics.median(ratios),
        quartiles(ratios),
        GOAL,
        f"{statistics.median(cpu):.2f} by processor time",
    )


@dataclass(frozen=True)
class Cost:
    """The cost of some images: seconds, and processor seconds of all threads."""

    images: int
    seconds: float
    cpu: float

    @property
    def cpu_an_image(self) -> float:
        """Processor seconds per image."""
        return self.cpu / self.images


def cost(work: Callable[[], int]) -> Cost:
    """Times `work`, which returns its number of images."""
    begun, cpu_begun = time.perf_counter(), time.process_time()
    images = work()
    return Cost(images, time.perf_counter() - begun, time.process_time() - cpu_begun)


def annotated(annotator: Annotator, folders: Sequence[Path], batch_size: int, out: Path) -> int:
    """Annotates as the command does; returns the number of images."""
    output, summary = RecordFile(out, JsonLines(), annotator.model.digest[:12]), Summary()
    wanted = (photograph for photograph in photographs(folders) if output.wants(photograph))
    batches = annotator.annotate_files(wanted, tags=TAG_TEXT, batch_size=batch_size)
    summary.write_all(batches, output, stop_at_error=True, advance=lambda _: None)
    output.close()
    return summary.annotated


def bare(engine: Engine, inputs: NetworkInputs, batches: int) -> int:
    """Runs the engine alone; returns the number of images."""
    for _ in range(batches):
        engine(inputs)
    return batches * len(inputs)


if __name__ == "__main__":
    typer.run(main)
