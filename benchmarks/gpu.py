"""What a GPU does: steps of the stages that read images, beside a bare ResNet-101; the annotator's latency.

    python benchmarks/gpu.py [--minutes 8] [--page docs/gpu.md] [--smoke]

Where TensorFlow sees no GPU and JAX sees one, only the functional network is measured, under Keras' JAX
backend (`gpu_jax.py`). What there was no time or no memory for is said to be not measured. With --smoke the
CPU stands in at tiny sizes, to see that it runs; no page is written then.
"""

import datetime
import gc
import itertools
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import keras
import numpy as np
import tensorflow as tf
import typer
from fresh_run import LABELS, TAGS
from harness import SmokeOption
from pages import versions, write_into
from short_run import NO_RATE, OF_LABELS, TAGS_AN_IMAGE, learning, of_labels_and_quantity, plain_step, spec

from mmannot_tf.api.annotator import build_annotator
from mmannot_tf.report.markdown import markdown_table
from mmannot_tf.runs.stages import STAGES
from mmannot_tf.training.distribution import Distribution, mirrored, one_device
from mmannot_tf.training.loop.step import Step
from mmannot_tf.training.network import NetworkSpec, build_network
from mmannot_tf.training.precision import POLICIES, computing_in
from mmannot_tf.training.profiling.throughput import Timing, measure_throughput

STAGES_OF_IMAGES = ("cnn", "ms_cnn", "joint")
"""Those with different steps: `cnn_longer` takes the steps of `cnn`."""
BARE = "bare ResNet-101"
EQUAL_STEPS, EQUAL_BATCH, EQUAL_RATE, TOLERANCE = 5, 8, 1e-4, 1e-3
"""Steps on a GPU and on the CPU, and the largest difference of a weight, relative to the largest weight."""
LEAST_SIZE = 64
"""Pixels; below, the bare network is a stand-in."""
TINY = ("model.backbone=tiny", "data.image_size=32")
NO_TIME, NO_MEMORY, NOT_MEASURED = "no time left", "no memory left", "not measured"


@dataclass(frozen=True)
class Plan:
    """What is measured.

    Attributes:
        sizes: settings of the network.
        batches: the batch sizes.
        precisions: those of the steps.
        timing: of steps.
        until: when no further measurement begins, by `time.monotonic`.
    """

    sizes: tuple[str, ...]
    batches: tuple[int, ...]
    precisions: tuple[str, ...]
    timing: Timing
    until: float

    @property
    def late(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() > self.until


def main(
    minutes: Annotated[float, typer.Option(help="When no further measurement begins.")] = 7.0,
    page: Annotated[Path | None, typer.Option(help="Where the tables are written, too.")] = None,
    smoke: SmokeOption = False,
) -> None:
    """Prints the tables."""
    if smoke and page:
        raise SystemExit("--smoke measures the CPU, which has no place on the page.")
    gpus = tf.config.list_physical_devices("GPU")
    if not (gpus or smoke):
        text = _under_jax()
    else:
        until = time.monotonic() + 60 * minutes
        few = Timing(steps=1, seconds=0.0, windows=1), Timing(steps=5, seconds=1.0)
        plan = (
            Plan(TINY, (2, 4), ("float32", "bfloat16"), few[0], until)
            if smoke
            else Plan((), (32, 64, 128, 256), tuple(POLICIES), few[1], until)
        )
        text = measured(plan)
    typer.echo(text)
    if page:
        write_into(page, text)


def measured(plan: Plan) -> str:
    """The page's tables, in Markdown."""
    parts = [
        f"`make gpu`, {datetime.date.today().isoformat()}, on {_devices()}; {versions()}.",
        _equal_steps(plan),
        _annotator(plan),
        _mirrored(plan),
        *(_steps(plan, name) for name in (BARE, *STAGES_OF_IMAGES)),
    ]
    return "\n\n".join(part.strip() for part in parts)


def _devices() -> str:
    gpus = tf.config.list_physical_devices("GPU")
    names = [tf.config.experimental.get_device_details(gpu).get("device_name", "a GPU") for gpu in gpus]
    return " and ".join(f"{names.count(name)} {name}" for name in dict.fromkeys(names)) or "the CPU"


def _steps(plan: Plan, name: str) -> str:
    """Training steps of a stage, or of the bare network: images/s and memory by precision, XLA and batch."""
    rows = []
    for xla, precision in itertools.product((False, True), plan.precisions):
        settings = f"training.precision={precision}", f"training.jit_compile={str(xla).lower()}"
        measured = _by_batch(plan, name, settings, one_device())
        for batch, cells in zip(plan.batches, measured, strict=True):
            rows.append([precision, "yes" if xla else "no", str(batch), *cells])
    header = ["precision", "XLA", "batch", "images/s", "memory, GiB"]
    return f"### A step of {name}\n\n{markdown_table(header, rows)}"


def _by_batch(
    plan: Plan, name: str, settings: Sequence[str], distribution: Distribution
) -> Iterator[tuple[str, str]]:
    """Of each batch size images/s and the peak of memory, or why there are none; one graph for all sizes."""
    keras.backend.clear_session()
    gc.collect()
    training = None
    for batch in plan.batches:
        if plan.late:
            yield f"{NOT_MEASURED}: {NO_TIME}", ""
            continue
        training = training or _training(name, spec(batch, *plan.sizes, *settings), distribution)
        cells = _in_memory(partial(_rate, training, batch, distribution, plan.timing))
        typer.echo(f"{name}, {', '.join(settings)}, batch {batch}: {cells[0]}", err=True)
        yield cells


def _in_memory(rate: Callable[[], float]) -> tuple[str, str]:
    """A rate, with the peak of memory that it took."""
    gpus = [gpu.name.removeprefix("/device:") for gpu in tf.config.list_logical_devices("GPU")]
    for gpu in gpus:
        tf.config.experimental.reset_memory_stats(gpu)
    try:
        images = f"{rate():,.0f}"
    except tf.errors.ResourceExhaustedError:
        return f"{NOT_MEASURED}: {NO_MEMORY}", ""
    peaks = [tf.config.experimental.get_memory_info(gpu)["peak"] for gpu in gpus]
    return images, f"{max(peaks) / 2**30:.1f}" if peaks else ""


@dataclass(frozen=True)
class Training:
    """A step, its network, and what makes a batch of noise for it: inputs and targets."""

    step: Step
    model: keras.Model
    noise: Callable[[int], tuple[Any, Any]]


def _rate(training: Training, batch: int, distribution: Distribution, timing: Timing) -> float:
    """Images/s of training steps on one batch that stays where it is, `batch` images a replica."""
    data = tf.data.Dataset.from_tensor_slices(training.noise(batch)).batch(batch).cache().repeat()
    batches = distribution.distribute(lambda _: data, steps=1 << 40)
    training.step.prepare(batches.element_spec)

    def take(batches: Iterator[Any]) -> None:
        for one in batches:
            training.step(one)

    return measure_throughput(batches, take, images=batch * distribution.replicas, timing=timing).median


def _training(name: str, begun: NetworkSpec, distribution: Distribution, rate: float = NO_RATE) -> Training:
    """The training of a stage, or of the bare network."""
    size, training, is_joint = begun.config.data.image_size, begun.config.training, name == "joint"
    with distribution.scope(), computing_in(training.precision):
        model = _bare(size) if name == BARE else build_network(STAGES[name], begun).model
    loss = of_labels_and_quantity if is_joint else OF_LABELS
    step = plain_step(model, loss, training=training, distribution=distribution, learning_rate=rate)

    def noise(batch: int) -> tuple[Any, Any]:
        draw = np.random.default_rng(0)
        images = draw.normal(size=(batch, size, size, 3)).astype(np.float32)
        labels = learning("cnn", batch)[0]
        if not is_joint:
            return images, labels
        tags = draw.integers(0, TAGS, (batch, TAGS_AN_IMAGE)).astype(np.int32)
        return {"images": images, "tags": tags}, {
            "labels": labels,
            "quantity": learning("quantity", batch)[0],
        }

    return Training(step, model, noise)


def _bare(image_size: int) -> keras.Model:
    """The network of keras.applications, with as many outputs as there are labels; a layer at a tiny size."""
    if image_size < LEAST_SIZE:
        image = keras.Input((image_size, image_size, 3))
        return keras.Model(image, keras.layers.Dense(LABELS)(keras.layers.Flatten()(image)))
    return keras.applications.ResNet101(
        weights=None, input_shape=(image_size, image_size, 3), classes=LABELS, classifier_activation=None
    )


def _equal_steps(plan: Plan) -> str:
    """The largest difference of weights after some steps on a GPU and on the CPU, in full float32."""
    tf.config.experimental.enable_tensor_float_32_execution(False)
    try:
        sides = [_weights_after_steps(plan, device) for device in ("/CPU:0", _first_device())]
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(True)
    differences = [
        float(np.abs(ours - theirs).max() / max(np.abs(ours).max(), 1e-12))
        for ours, theirs in zip(*sides, strict=True)
    ]
    word = "equal within" if max(differences) <= TOLERANCE else "NOT equal within"
    return (
        f"{EQUAL_STEPS} steps of cnn on {EQUAL_BATCH} images, in float32 without TF32, here and on the CPU: "
        f"weights are {word} {TOLERANCE:g}; the largest difference is {max(differences):.1e} of a tensor's "
        "largest weight."
    )


def _first_device() -> str:
    gpus = tf.config.list_logical_devices("GPU")
    return gpus[0].name if gpus else "/CPU:0"


def _weights_after_steps(plan: Plan, device: str) -> list[np.ndarray]:
    keras.utils.set_random_seed(0)
    with tf.device(device):
        begun = spec(EQUAL_BATCH, *plan.sizes)
        training = _training("cnn", begun, one_device(), EQUAL_RATE)
        batch = tf.nest.map_structure(tf.constant, training.noise(EQUAL_BATCH))
        for _ in range(EQUAL_STEPS):
            training.step(batch)
        return [variable.numpy() for variable in training.model.trainable_variables]


def _annotator(plan: Plan) -> str:
    """The latency of the annotator's network: pixels and tags to labels."""
    size = 32 if plan.sizes else 224
    model = build_annotator("tiny" if plan.sizes else "resnet101", labels=LABELS, tags=TAGS, image_size=size)
    compute = tf.function(lambda inputs: model(inputs, training=False))
    draw = np.random.default_rng(0)
    rows = []
    for batch in (1, 16):
        images = tf.constant(draw.uniform(0, 255, (batch, size, size, 3)), tf.float32)
        tags = tf.constant(draw.integers(0, TAGS, (batch, TAGS_AN_IMAGE)), tf.int32)
        compute({"image": images, "tags": tags})
        seconds = [
            _seconds(lambda images=images, tags=tags: compute({"image": images, "tags": tags}))
            for _ in range(10)
        ]
        rows.append([str(batch), f"{1000 * statistics.median(seconds):.1f}", f"{1000 * max(seconds):.1f}"])
    header = ["images", "median, ms", "longest of ten, ms"]
    return f"### The annotator's network\n\n{markdown_table(header, rows)}"


def _seconds(compute: Callable[[], Mapping[str, tf.Tensor]]) -> float:
    begun = time.perf_counter()
    compute()["probabilities"].numpy()
    return time.perf_counter() - begun


def _mirrored(plan: Plan) -> str:
    """A step of cnn on all GPUs, beside one."""
    title = "### All GPUs (`--strategy mirrored`)\n\n"
    gpus = len(tf.config.list_physical_devices("GPU"))
    if gpus < 2:
        return f"{title}{NOT_MEASURED}: this machine has fewer than two GPUs."
    settings, rows = ("training.precision=bfloat16", "training.batch_norm=per-replica"), []
    for distribution in (one_device(), mirrored()):
        measured = _by_batch(plan, "cnn", settings, distribution)
        for batch, cells in zip(plan.batches, measured, strict=True):
            rows.append([str(distribution.replicas), str(batch), *cells])
    header = ["GPUs", "batch a GPU", "images/s", "memory, GiB"]
    return title + markdown_table(header, rows)


def _under_jax() -> str:
    """The functional network under JAX, where that sees a GPU."""
    program = Path(__file__).with_name("gpu_jax.py")
    done = subprocess.run([sys.executable, program], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit("Neither TensorFlow nor JAX sees a GPU. Nothing is measured.")
    return done.stdout.strip()


if __name__ == "__main__":
    typer.run(main)
