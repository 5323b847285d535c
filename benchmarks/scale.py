"""Estimates of NUS-WIDE on 1, 8 and 64 GPUs, from measurements on this machine and data sheets of devices.

    python benchmarks/scale.py --data DIR [--page docs/distributed.md]

DIR has any records. A ResNet-101 with random weights reads them once, so that every stage can be profiled;
this takes some minutes with a few hundred images. Prints the tables; with --page, also writes them there.
"""

import datetime
import math
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from pages import hardware, write_into

from tfrecords_tools.shell.threads import usable_cores

COMMAND = "python benchmarks/scale.py --data DIR --page docs/distributed.md"
TRAIN, TEST = 94_570, 55_335
"""Images of NUS-WIDE (Sec. IV-A1)."""
BATCH = 32
"""As in configs/nus_wide.toml, over all replicas."""
MEASURED_BATCH = 8
FORWARD_MS = {1: 5.26, 2: 5.34, 4: 6.65, 8: 8.31, 16: 11.82, 32: 19.99}
"""Images on an A100 → ms of a ResNet-50 v1.5's forward pass in TF32: NVIDIA/DeepLearningExamples,
TensorFlow/Classification/ConvNets/resnet50v1.5/README.md, "TF32 Inference Latency"."""
MEMORY = 80e9
"""Bytes of an A100 (data sheet)."""
NVLINK, NETWORK = 300e9, 25e9
"""Bytes/s each way of one GPU: A100 data sheet; a 200 Gb/s port for each GPU, as a DGX A100 has."""
WITHIN, BETWEEN = 20e-6, 50e-6
"""Seconds of a small all-reduce within a machine, and between machines: assumptions, not measured."""
GPUS_A_MACHINE = 8
FEATURE = 2048
"""The size of the visual and of the textual feature."""
SETTINGS = ((1, BATCH), (8, BATCH), (BATCH, BATCH), (64, 64 * BATCH))
"""GPUs, and examples per step over all of them; the minimum is one image per GPU."""


@dataclass(frozen=True)
class Part:
    """A stage, or the extraction of features.

    Attributes:
        name: its name.
        images: the number of images in all its epochs.
        cost: time per image, in forward passes of the backbone.
        parameters: the number that it trains and so sums over the replicas.
        batch_norms: the number that it trains and so synchronizes.
        held: bytes of parameters with gradients and moments, and of other weights.
        activations: bytes per image of all layers' outputs.
    """

    name: str
    images: int
    cost: float
    parameters: int
    batch_norms: int
    held: int
    activations: int


@dataclass(frozen=True)
class Machine:
    """Measurements on this machine besides the costs of the parts.

    Attributes:
        forward: images/s of the backbone alone.
        decoding: images/s of reading, decoding and resizing, per core.
        macs: multiply-adds of the backbone's forward pass over those of a ResNet-50 v1.5.
    """

    forward: float
    decoding: float
    macs: float


def main(
    data: Annotated[Path, typer.Option("--data", help="Records.")],
    page: Annotated[Path | None, typer.Option(help="Where the tables are written, too.")] = None,
) -> None:
    """Measures, estimates and prints."""
    from tfrecords_tools.shell.tensorflow_logging import import_tensorflow

    import_tensorflow()
    text = rendered(*measured(data))
    typer.echo(text)
    if page:
        write_into(page, text)


def measured(data: Path) -> tuple[list[Part], Machine]:
    """Trains each stage for one epoch with a tiny learning rate and profiles it."""
    from short_run import forward_rate, short_config

    from mmannot_tf.config.loading import load
    from mmannot_tf.runs.configured_stages import configured_stages
    from mmannot_tf.runs.stages import STAGES
    from mmannot_tf.training.distribution import one_device
    from mmannot_tf.training.inference.trained_branches import feature_model
    from mmannot_tf.training.profiling.profile import profile
    from mmannot_tf.training.profiling.throughput import Timing
    from mmannot_tf.training.train import train

    full = load("nus_wide")
    names = [stage.name for stage in configured_stages(full)]
    config, timing = short_config(MEASURED_BATCH), Timing(steps=3, seconds=3.0)

    def forward(*stages: str) -> float:
        model = feature_model(run, [STAGES[name] for name in stages])
        return forward_rate(model, batch=MEASURED_BATCH, size=config.data.image_size, timing=timing)

    with tempfile.TemporaryDirectory() as folder:
        run = train(config, data=data, run=Path(folder) / "run")
        profiles = {
            name: profile(config, data=data, distribution=one_device(), stage=name, run=run, timing=timing)
            for name in names
        }
        alone, both = forward("cnn"), forward("cnn", "ms_cnn")
        parts = [
            _part(run, STAGES[name], alone / profiles[name].step.median, getattr(full.stages, name).epochs)
            for name in names
        ]
    extraction = Part("features, all images", TRAIN + TEST, alone / both, 0, 0, 0, 0)
    decoding = profiles["cnn"].input["decode"].median / usable_cores()
    return [*parts, extraction], Machine(alone, decoding, _macs("resnet101") / _macs("resnet50"))


def _part(run: Any, stage: Any, cost: float, epochs: int) -> Part:
    from mmannot_tf.training.inference.trained_branches import network_spec_of
    from mmannot_tf.training.loop import batch_norm_reestimation
    from mmannot_tf.training.network import build_network

    network = build_network(stage, network_spec_of(run), FEATURE * len(stage.features)).model
    trained = sum(math.prod(variable.shape) for variable in network.trainable_variables)
    every = sum(math.prod(variable.shape) for variable in network.variables)
    outputs = [layer.output for layer in _layers(network)]
    return Part(
        name=stage.name,
        images=TRAIN * epochs,
        cost=cost,
        parameters=trained,
        batch_norms=len(batch_norm_reestimation.trained_batch_norms(network)),
        held=4 * (every + 2 * trained),
        activations=4 * sum(math.prod(output.shape[1:]) for output in outputs if hasattr(output, "shape")),
    )


def _layers(network: Any) -> list[Any]:
    import keras

    layers = network._flatten_layers(include_self=False)
    return [layer for layer in layers if not isinstance(layer, keras.Model)]


def _macs(architecture: str) -> int:
    """Multiply-adds per image of a backbone's convolutions; for a ResNet-50 in the geometry of v1.5."""
    import keras

    from mmannot_tf.models.backbone import build_backbone
    from mmannot_tf.models.geometry import KERAS, Geometry

    geometry = Geometry(stride="first_3x3") if architecture == "resnet50" else KERAS
    network = build_backbone(architecture, image_size=224, momentum=0.99, epsilon=1e-3, geometry=geometry)
    convolutions = [layer for layer in _layers(network) if isinstance(layer, keras.layers.Conv2D)]
    return sum(math.prod(layer.output.shape[1:3]) * math.prod(layer.kernel.shape) for layer in convolutions)


def rendered(parts: Sequence[Part], machine: Machine) -> str:
    """The tables in Markdown, below their command and hardware."""
    heaviest = max(parts, key=lambda part: part.held + part.activations)
    columns = [[_hours(part, machine, *setting) for part in parts] for setting in SETTINGS]
    settings = " | ".join(_named(*setting) for setting in SETTINGS)
    alignment = "|---|" + "---:|" * len(SETTINGS)
    fastest = 1e3 / _step_ms(parts[0].cost, machine, BATCH) * BATCH
    lines = [
        f"`{COMMAND}`, {datetime.date.today().isoformat()}, on {hardware()}.",
        "",
        f"Measured here with batches of {MEASURED_BATCH}: the backbone's forward pass, {machine.forward:.1f} "
        f"images/s; reading, decoding and resizing, {machine.decoding:,.0f} images/s a core; and each part's "
        "time, in forward passes. Counted: parameters, and bytes of all layers' outputs, which is more than "
        f"TensorFlow keeps. A ResNet-101's forward pass has {machine.macs:.2f} times the multiply-adds of "
        "a ResNet-50 v1.5.",
        "",
        "| part | time, in forward passes | trained parameters | weights, gradients, moments "
        "| outputs an image |",
        "|---|---:|---:|---:|---:|",
        *(
            f"| {part.name} | {part.cost:.4f} | {part.parameters / 1e6:.1f} M | {part.held / 1e9:.2f} GB "
            f"| {part.activations / 1e6:.1f} MB |"
            for part in parts
        ),
        "",
        f"Hours of A100s on NUS-WIDE ({TRAIN:,} training and {TEST:,} test images, epochs of "
        "configs/nus_wide.toml). Stages that read no images are counted at the time they take here:",
        "",
        f"| part | {settings} |",
        alignment,
        *(
            f"| {part.name} | " + " | ".join(f"{column[row]:.2f}" for column in columns) + " |"
            for row, part in enumerate(parts)
        ),
        "| all | " + " | ".join(f"{sum(column):.1f}" for column in columns) + " |",
        "| images a GPU and step | " + " | ".join(str(batch // gpus) for gpus, batch in SETTINGS) + " |",
        "",
        f"Memory: at most {_gigabytes(heaviest, BATCH):.1f} GB on one GPU ({heaviest.name}, {BATCH} images), "
        f"{_gigabytes(heaviest, BATCH // 8):.1f} GB on each of 8, of {MEMORY / 1e9:.0f}. Input: one GPU "
        f"fine-tuning takes {fastest:,.0f} images/s, {fastest / machine.decoding:.1f} cores of this machine.",
        "",
        "Within a step of fine-tuning, milliseconds:",
        "",
        f"| | {settings} |",
        alignment,
        *_split(parts[0], machine),
    ]
    return "\n".join(lines)


def _gigabytes(part: Part, images: int) -> float:
    """Memory that a part needs on a GPU, GB."""
    return (part.held + images * part.activations) / 1e9


def _named(gpus: int, batch: int) -> str:
    name = f"{gpus} GPU{'s' * (gpus > 1)}"
    return name if batch == BATCH else f"{name}, batch {batch:,}"


def _split(part: Part, machine: Machine) -> Iterator[str]:
    rows = {
        "computing": [_step_ms(part.cost, machine, batch // gpus) for gpus, batch in SETTINGS],
        "gradients' all-reduce": [1e3 * _gradient_seconds(part, gpus) for gpus, _ in SETTINGS],
        "synchronized batch norm": [1e3 * _batch_norm_seconds(part, gpus) for gpus, _ in SETTINGS],
    }
    for name, values in rows.items():
        yield f"| {name} | " + " | ".join(f"{value:.1f}" for value in values) + " |"


def _hours(part: Part, machine: Machine, gpus: int, batch: int) -> float:
    if not part.parameters:  # each replica computes whole batches; none waits
        return part.images / BATCH * _step_ms(part.cost, machine, BATCH) / gpus / 3.6e6
    if part.cost < 0.5:  # a step on cached features or tags is all overhead: as fast as here
        return part.images * part.cost / machine.forward / 3600
    step = _step_ms(part.cost, machine, batch // gpus) / 1e3
    step += _gradient_seconds(part, gpus) + _batch_norm_seconds(part, gpus)
    return part.images / batch * step / 3600


def _step_ms(cost: float, machine: Machine, images: int) -> float:
    """A GPU's computing in a step: the printed latency, for a larger network and more than a forward pass."""
    return FORWARD_MS[images] * machine.macs * cost


def _gradient_seconds(part: Part, gpus: int) -> float:
    """A ring all-reduce: each GPU sends 2 (R - 1) / R of the gradients, at the pace of its slowest link."""
    bandwidth = NVLINK if gpus <= GPUS_A_MACHINE else NETWORK
    return 2 * (gpus - 1) / gpus * 4 * part.parameters / bandwidth


def _batch_norm_seconds(part: Part, gpus: int) -> float:
    """One small all-reduce per layer in the forward pass and one in the backward pass."""
    if gpus == 1:
        return 0.0
    return 2 * part.batch_norms * (WITHIN if gpus <= GPUS_A_MACHINE else BETWEEN)


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    typer.run(main)
