"""Selects the engine: the requested one, or the fastest that agrees with the SavedModel."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from mmannot_tf.serving.engines.catalogue import ENGINES, REFERENCE, UnavailableError, open_engine
from mmannot_tf.serving.model import Model
from mmannot_tf.serving.network import (
    TOLERANCE,
    Agreement,
    Engine,
    NetworkInputs,
    NetworkOutputs,
    compare,
)
from tfrecords_tools.shell.errors import UserError

AUTO = "auto"
SINGLE = "float32"
LOWER_PRECISION = ("openvino", AUTO)
"""The engines that accept a precision below float32."""
REPEATS = 2
"""How many times the probe batch is timed; the shortest time counts."""


@dataclass(frozen=True)
class EngineOptions:
    """How an engine is selected.

    Attributes:
        engine: a key of `ENGINES`, or "auto".
        precision: "float32" or "bfloat16"; only OpenVINO supports the second.
        tolerance: the largest difference of a probability from the SavedModel's, and the largest relative
            difference of a predicted quantity.
    """

    engine: str = REFERENCE
    precision: str = SINGLE
    tolerance: float = TOLERANCE


def check_options(options: EngineOptions) -> None:
    """Checks options before anything is loaded.

    Raises:
        UserError: the engine is unknown, or does not support the precision.
    """
    if options.engine not in (*ENGINES, AUTO):
        raise UserError(f"--engine must be {', '.join(ENGINES)} or {AUTO}. Received: {options.engine}.")
    if options.precision != SINGLE and options.engine not in LOWER_PRECISION:
        raise UserError(
            f"--precision {options.precision} is for --engine {' or '.join(LOWER_PRECISION)}. "
            f"Received: --engine {options.engine}."
        )


def select_engine(
    model: Model, options: EngineOptions, probe: NetworkInputs, *, log: Callable[[str], None]
) -> Engine:
    """Opens the engine that `options` name. Every engine but TensorFlow must agree with it on `probe`.

    Where the export holds no SavedModel, a named engine is used unchecked, and a line says so.

    Args:
        model: from `open_model`.
        options: options that `check_options` accepts.
        probe: the first batch to annotate.
        log: receives a line on each engine tried: its speed and agreement, or why it is not used.

    Raises:
        UserError: the engine is unavailable or does not agree, or "auto" has no SavedModel to compare with.
    """
    if options.engine == AUTO:
        return _fastest(model, options, probe, log)
    engine = _requested_engine(model, options)
    if options.engine == REFERENCE:
        return engine
    reference = _reference(model)
    if reference is None:
        log(f"{engine.name}: not compared with TensorFlow, {model.path} holds no SavedModel")
        return engine
    agreement = compare(engine(probe), reference(probe), tolerance=options.tolerance)
    if not agreement.holds:
        raise UserError(
            f"--engine {engine.name} in {options.precision} must agree with the SavedModel. Received: "
            f"{agreement}. Set a larger --tolerance, or use another engine."
        )
    log(f"{engine.name} {engine.version} in {options.precision}: {agreement}")
    return engine


def _requested_engine(model: Model, options: EngineOptions) -> Engine:
    try:
        return open_engine(options.engine, model, options.precision)
    except UnavailableError as error:
        raise UserError(
            f"--engine {options.engine} must be installed, and its format exported. Received: {error}"
        ) from None


def _reference(model: Model) -> Engine | None:
    try:
        return open_engine(REFERENCE, model, SINGLE)
    except UnavailableError:
        return None


def _fastest(
    model: Model, options: EngineOptions, probe: NetworkInputs, log: Callable[[str], None]
) -> Engine:
    reference = _reference(model)
    if reference is None:
        raise UserError(
            f"--engine {AUTO} compares with a SavedModel. Received: {model.path}, without. Name an engine."
        )
    expected = reference(probe)
    fastest, shortest = reference, _seconds(reference, probe)
    log(f"{REFERENCE} {reference.version}: {_rate(probe, shortest)}")
    for name in [name for name in ENGINES if name != REFERENCE]:
        try:
            engine = open_engine(name, model, options.precision)
        except UnavailableError as error:
            log(f"{name}: not used, {error}")
            continue
        if not _logged_agreement(engine, probe, expected, options.tolerance, log).holds:
            continue
        seconds = _seconds(engine, probe)
        log(f"{name} {engine.version}: {_rate(probe, seconds)}")
        if seconds < shortest:
            fastest, shortest = engine, seconds
    log(f"engine: {fastest.name}, the fastest of those that agree")
    return fastest


def _logged_agreement(
    engine: Engine,
    probe: NetworkInputs,
    expected: NetworkOutputs,
    tolerance: float,
    log: Callable[[str], None],
) -> Agreement:
    agreement = compare(engine(probe), expected, tolerance=tolerance)
    log(f"{engine.name}: {'agrees' if agreement.holds else 'not used'}, {agreement}")
    return agreement


def _seconds(engine: Engine, probe: NetworkInputs) -> float:
    """The shortest of several runs; an earlier run has already allocated memory."""
    durations = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        engine(probe)
        durations.append(time.perf_counter() - start)
    return min(durations)


def _rate(probe: NetworkInputs, seconds: float) -> str:
    return f"{len(probe) / seconds:.1f} images/s"
