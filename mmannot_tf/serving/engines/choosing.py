"""Which engine annotates: the one asked for, or the fastest that gives the SavedModel's answers."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from mmannot_tf.serving.engines.kinds import ENGINES, REFERENCE, UnavailableError, open_engine
from mmannot_tf.serving.model import Model
from mmannot_tf.serving.network import Engine, NetworkInputs, NetworkOutputs, agreement
from tfrecords_tools.shell.errors import UserError

AUTO = "auto"
SINGLE = "float32"
LOWER_PRECISION = ("openvino", AUTO)
"""What may be asked to compute in less than float32."""
TIMED = 2
"""How many times the probe batch is timed; the shortest counts."""


@dataclass(frozen=True)
class Choice:
    """How an engine is chosen.

    Attributes:
        engine: a key of `ENGINES`, or "auto".
        precision: "float32" or "bfloat16"; only OpenVINO has the second.
        tolerance: what probabilities may differ from the SavedModel's; quantities likewise, in proportion.
    """

    engine: str
    precision: str
    tolerance: float


def check(choice: Choice) -> None:
    """Checks what can be checked before anything is loaded.

    Raises:
        UserError: the engine is unknown, or has no such precision.
    """
    if choice.engine not in (*ENGINES, AUTO):
        raise UserError(f"--engine must be {', '.join(ENGINES)} or {AUTO}. Received: {choice.engine}.")
    if choice.precision != SINGLE and choice.engine not in LOWER_PRECISION:
        raise UserError(
            f"--precision {choice.precision} is for --engine {' or '.join(LOWER_PRECISION)}. "
            f"Received: --engine {choice.engine}."
        )


def choose(model: Model, choice: Choice, probe: NetworkInputs, *, tell: Callable[[str], None]) -> Engine:
    """Opens the engine that `choice` asks for; any other than TensorFlow must agree with it on `probe`.

    Where the export holds no SavedModel, an engine asked for by name is taken unchecked, and that is told.

    Args:
        model: from `open_model`.
        choice: one that `check` let pass.
        probe: the first batch to annotate.
        tell: called with a line on each engine tried: speed and agreement, or why it is not taken.

    Raises:
        UserError: the engine cannot be had or does not agree, or "auto" has nothing to compare with.
    """
    if choice.engine == AUTO:
        return _fastest(model, choice, probe, tell)
    engine = _asked_for(model, choice)
    if choice.engine == REFERENCE:
        return engine
    reference = _reference(model)
    if reference is None:
        tell(f"{engine.name}: not compared with TensorFlow, {model.path} holds no SavedModel")
        return engine
    agrees = agreement(engine(probe), reference(probe), tolerance=choice.tolerance)
    if not agrees.holds:
        raise UserError(
            f"--engine {engine.name} in {choice.precision} must give the SavedModel's answers. Received: "
            f"{agrees}. State a larger --tolerance, or take another engine."
        )
    tell(f"{engine.name} {engine.version} in {choice.precision}: {agrees}")
    return engine


def _asked_for(model: Model, choice: Choice) -> Engine:
    try:
        return open_engine(choice.engine, model, choice.precision)
    except UnavailableError as error:
        raise UserError(
            f"--engine {choice.engine} must be installed and exported for. Received: {error}"
        ) from None


def _reference(model: Model) -> Engine | None:
    try:
        return open_engine(REFERENCE, model, SINGLE)
    except UnavailableError:
        return None


def _fastest(model: Model, choice: Choice, probe: NetworkInputs, tell: Callable[[str], None]) -> Engine:
    reference = _reference(model)
    if reference is None:
        raise UserError(
            f"--engine {AUTO} compares with a SavedModel. Received: {model.path}, without. Name an engine."
        )
    expected = reference(probe)
    best, least = reference, _seconds(reference, probe)
    tell(f"{REFERENCE} {reference.version}: {_rate(probe, least)}")
    for name in [name for name in ENGINES if name != REFERENCE]:
        engine = _agreeing(name, model, choice, probe, expected, tell)
        if engine is None:
            continue
        seconds = _seconds(engine, probe)
        tell(f"{name} {engine.version}: {_rate(probe, seconds)}")
        if seconds < least:
            best, least = engine, seconds
    tell(f"engine: {best.name}, the fastest of those that agree")
    return best


def _agreeing(
    name: str,
    model: Model,
    choice: Choice,
    probe: NetworkInputs,
    expected: NetworkOutputs,
    tell: Callable[[str], None],
) -> Engine | None:
    """An engine that can be had and agrees, or None; why is told."""
    try:
        engine = open_engine(name, model, choice.precision)
    except UnavailableError as error:
        tell(f"{name}: not taken, {error}")
        return None
    agrees = agreement(engine(probe), expected, tolerance=choice.tolerance)
    tell(f"{name}: {'agrees' if agrees.holds else 'not taken'}, {agrees}")
    return engine if agrees.holds else None


def _seconds(engine: Engine, probe: NetworkInputs) -> float:
    """The shortest of several runs; one has gone before, which also allocates."""
    durations = []
    for _ in range(TIMED):
        begun = time.perf_counter()
        engine(probe)
        durations.append(time.perf_counter() - begun)
    return min(durations)


def _rate(probe: NetworkInputs, seconds: float) -> str:
    return f"{len(probe) / seconds:.1f} images/s"
