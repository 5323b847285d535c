"""Photographs per second of `mmannot annotate`, compared with the forward pass of the engine alone.

    python benchmarks/annotate.py PHOTOGRAPHS [--backbone resnet101] [--engine onnx] [--json annotate.json]

The model has random weights, at the paper's sizes (224 pixels, 81 labels, 1,000 tags), and is exported in
every format first. "annotate" lists, reads, decodes, runs and writes JSON lines as the command does, timed
from the first file to the last line, with the engine loaded before; "engine" runs as many batches of pixels
in memory. Both run in turn, several times, and the ratio is the median of the pairs', so that other work on
the machine slows both. Where that work varies, the ratio of the processor times is what a quiet machine
would give, because all cores are busy on both sides. Needs the extra `engines`.
"""

import json
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from fresh_run import random_run

from mmannot_tf.serving.annotating.annotator import Annotator
from mmannot_tf.serving.engines.catalogue import ENGINES, FORMATS, open_engine
from mmannot_tf.serving.exporting.export import export
from mmannot_tf.serving.inputs.photographs import photographs
from mmannot_tf.serving.model import Model, open_model
from mmannot_tf.serving.network import Engine, NetworkInputs
from mmannot_tf.serving.outputs.json_lines import JsonLines
from mmannot_tf.serving.outputs.record_file import RecordFile
from mmannot_tf.serving.outputs.summary import Summary

TAG_TEXT = "tag3, tag14, tag159"


def main(
    folders: Annotated[list[Path], typer.Argument(metavar="PHOTOGRAPHS...", help="Files and folders.")],
    backbone: Annotated[str, typer.Option(help="A backbone of the configuration.")] = "resnet101",
    engines: Annotated[list[str] | None, typer.Option("--engine", help="ENGINE or ENGINE:bfloat16.")] = None,
    batch_size: Annotated[int, typer.Option(help="Images a forward pass.")] = 16,
    pairs: Annotated[int, typer.Option(help="Times both are measured.")] = 7,
    work: Annotated[Path | None, typer.Option(help="Where the model is kept for another call.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Where the figures go.")] = None,
) -> None:
    """Prints images per second of both sides and their ratio, for each engine."""
    with tempfile.TemporaryDirectory() as scratch:
        model = exported(work or Path(scratch), backbone)
        result = {}
        for name in engines or [*ENGINES, "openvino:bfloat16"]:
            result[name] = measured(model, name, folders, batch_size, pairs, Path(scratch))
            typer.echo(f"{name}: {result[name]}", err=True)
    typer.echo(json.dumps(result, indent=2))
    if json_file:
        json_file.write_text(json.dumps(result, indent=2) + "\n")


def exported(work: Path, backbone: str) -> Model:
    """A model with random weights in every format; an existing one is reused."""
    if not (work / "export").is_dir():
        export(random_run(work / "run", backbone), work / "export", formats=list(FORMATS), log=typer.echo)
    return open_model(work / "export")


def measured(
    model: Model, name: str, folders: Sequence[Path], batch_size: int, pairs: int, scratch: Path
) -> dict[str, float]:
    """Images per second of an engine, alone and annotating, and their ratios."""
    kind, _, precision = name.partition(":")
    engine = open_engine(kind, model, precision or "float32")
    probes: list[NetworkInputs] = []
    sides: dict[str, list[Cost]] = {"engine": [], "annotate": []}
    for number in range(pairs + 1):
        annotator = Annotator(model, lambda probe: probes.append(probe) or engine)
        out = scratch / f"{name}{number}.jsonl"
        annotate = cost(lambda: annotated(annotator, folders, batch_size, out))  # noqa: B023 (called at once)
        batches = -(-annotate.images // batch_size)
        if number:  # the first annotation also warms the engine up
            sides["annotate"].append(annotate)
            sides["engine"].append(cost(lambda: bare(engine, probes[0], batches)))  # noqa: B023
    rates = {side: [cost.images / cost.seconds for cost in costs] for side, costs in sides.items()}
    cpu = [ours.cpu_an_image / other.cpu_an_image for ours, other in zip(*sides.values(), strict=True)]
    ratios = [other / ours for ours, other in zip(*rates.values(), strict=True)]
    return {
        **{
            f"{side}_images_per_second": round(statistics.median(values), 2) for side, values in rates.items()
        },
        "ratio": round(statistics.median(ratios), 3),
        "ratio_by_cpu_time": round(statistics.median(cpu), 3),
        "ratios": [round(ratio, 2) for ratio in ratios],
    }


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
