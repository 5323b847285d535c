"""Selects the engine: the requested one, or the fastest that agrees with the SavedModel."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache

from mmannot_tf.serving.engines.catalogue import (
    ENGINES,
    INT8,
    REFERENCE,
    UnavailableError,
    has_bfloat16_units,
    open_engine,
    opens_saved_model,
)
from mmannot_tf.serving.engines.probe import has_record, read_record
from mmannot_tf.serving.model import Model
from mmannot_tf.serving.network import (
    TOLERANCE,
    Engine,
    NetworkInputs,
    NetworkOutputs,
    compare,
)
from tfrecords_tools.shell.errors import UserError

AUTO = "auto"
SINGLE, BFLOAT16 = "float32", "bfloat16"
LOWER_PRECISION = ("openvino", AUTO)
"""The engines that accept a precision below float32."""
INT8_TOLERANCE = 0.5
"""The largest difference of a probability, or relative difference of a quantity, that we take for rounding
to int8 (ours). Labels may differ; the model card says how often they do."""
BFLOAT16_TOLERANCE = 0.05
"""The largest difference of a probability with which `--precision auto` takes bfloat16 (ours)."""
TAKES_BFLOAT16 = "precision: bfloat16, for the labels are the same (--precision auto)"
REPEATS = 2
"""How many times the probe batch is timed; the shortest time counts."""


@dataclass(frozen=True)
class EngineOptions:
    """How an engine is selected.

    Attributes:
        engine: a key of `ENGINES`, or "auto".
        precision: "float32"; or "bfloat16", which only OpenVINO supports; or "int8", which it supports for an
            export that `mmannot quantize` wrote; or "auto" for bfloat16 where the processor has units for it
            and the first batch gets the same labels.
        tolerance: the largest difference of a probability from the SavedModel's, and the largest relative
            difference of a predicted quantity.
    """

    engine: str = REFERENCE
    precision: str = SINGLE
    tolerance: float = TOLERANCE


def needs_tensorflow(model: Model, engine: str) -> bool:
    """Whether an engine runs a model with TensorFlow, or is compared with it.

    Args:
        model: from `open_model`.
        engine: a value of `EngineOptions.engine`.
    """
    return engine in (REFERENCE, AUTO) or not has_record(model) or opens_saved_model(engine, model)


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
    if options.precision == INT8 and options.engine == AUTO:
        raise UserError(f"--precision {INT8} needs an engine by name. Received: --engine {AUTO}.")


def select_engine(
    model: Model, options: EngineOptions, probe: NetworkInputs, *, log: Callable[[str], None]
) -> Engine:
    """Opens the engine that `options` name. Every engine but TensorFlow must agree with it.

    A named engine is compared with the outputs that the export holds, without TensorFlow; in bfloat16 with
    itself in float32 on `probe`. An export of an earlier version holds no outputs: there the SavedModel
    computes them for `probe`, and without one the engine is used unchecked, and a line says so.

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
    if options.engine == REFERENCE:
        return _requested_engine(model, options)
    record = read_record(model)
    if record is None:
        return _compared_with_saved_model(model, options, probe, log)
    return _compared_with_record(model, options, record, probe, log)


def _compared_with_record(
    model: Model,
    options: EngineOptions,
    record: tuple[NetworkInputs, NetworkOutputs],
    probe: NetworkInputs,
    log: Callable[[str], None],
) -> Engine:
    """The named engine, compared in float32 with what the export holds; bfloat16 with float32 on `probe`."""
    in_single = replace(options, precision=SINGLE)
    single = _requested_engine(model, in_single)
    _check_agreement(single, *record, in_single, log)
    if options.precision == SINGLE:
        _name_bfloat16_units(options.engine, log)
        return single
    if options.precision == AUTO:
        lower = _agreeing_bfloat16(model, probe, single(probe), log)
        if lower is not None:
            log(TAKES_BFLOAT16)
        return lower or single
    engine = _requested_engine(model, options)
    _check_agreement(engine, probe, single(probe), options, log)
    return engine


def _compared_with_saved_model(
    model: Model, options: EngineOptions, probe: NetworkInputs, log: Callable[[str], None]
) -> Engine:
    """The named engine, compared with the SavedModel on `probe` where there is one."""
    expected = cache(lambda: _reference_outputs(model, probe))
    is_auto = options.precision == AUTO
    if is_auto:
        lower = _agreeing_bfloat16(model, probe, expected(), log)
        if lower is not None:
            log(TAKES_BFLOAT16)
            return lower
        options = replace(options, precision=SINGLE)
    engine = _requested_engine(model, options)
    outputs = expected()
    if outputs is None:
        log(f"{engine.name}: not compared with TensorFlow, {model.path} holds no SavedModel")
        return engine
    _check_agreement(engine, probe, outputs, options, log)
    if options.precision == SINGLE and not is_auto:
        _name_bfloat16_units(options.engine, log)
    return engine


def _name_bfloat16_units(engine: str, log: Callable[[str], None]) -> None:
    if has_bfloat16_units(engine):
        log("this processor has units for bfloat16; with --precision auto they are tried")


def _check_agreement(
    engine: Engine,
    inputs: NetworkInputs,
    expected: NetworkOutputs,
    options: EngineOptions,
    log: Callable[[str], None],
) -> None:
    """Raises UserError unless an engine's outputs are the expected ones; else `log` receives a line."""
    is_int8 = options.precision == INT8
    tolerance = max(options.tolerance, INT8_TOLERANCE) if is_int8 else options.tolerance
    agreement = compare(engine(inputs), expected, tolerance=tolerance)
    if not (agreement.is_close if is_int8 else agreement.holds):
        raise UserError(
            f"--engine {engine.name} in {options.precision} must agree with the SavedModel. Received: "
            f"{agreement}. Set a larger --tolerance, or use another engine."
        )
    log(f"{engine.name} {engine.version} in {options.precision}: {agreement}")


def _agreeing_bfloat16(
    model: Model, probe: NetworkInputs, expected: NetworkOutputs | None, log: Callable[[str], None]
) -> Engine | None:
    """OpenVINO in bfloat16, if the processor has units for it and `probe` gets the expected labels."""
    if expected is None:
        log(f"bfloat16: not used, {model.path} holds no SavedModel to compare with")
        return None
    (name, *_) = LOWER_PRECISION
    try:
        engine = open_engine(name, model, BFLOAT16, only_with_units=True)
    except UnavailableError as error:
        log(f"bfloat16: not used, {error}")
        return None
    agrees = _agrees(f"{name} in {BFLOAT16}", engine, probe, expected, BFLOAT16_TOLERANCE, log)
    return engine if agrees else None


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


def _reference_outputs(model: Model, probe: NetworkInputs) -> NetworkOutputs | None:
    """What the SavedModel gives for `probe`; None without one."""
    reference = _reference(model)
    return None if reference is None else reference(probe)


def _fastest(
    model: Model, options: EngineOptions, probe: NetworkInputs, log: Callable[[str], None]
) -> Engine:
    reference = _reference(model)
    if reference is None:
        raise UserError(
            f"--engine {AUTO} compares with a SavedModel. Received: {model.path}, without. Name an engine."
        )
    expected = reference(probe)
    fastest, shortest, chosen = reference, _seconds(reference, probe), REFERENCE
    log(f"{REFERENCE} {reference.version}: {_rate(probe, shortest)}")
    for name, engine in _agreeing(model, options, probe, expected, log):
        seconds = _seconds(engine, probe)
        log(f"{name} {engine.version}: {_rate(probe, seconds)}")
        if seconds < shortest:
            fastest, shortest, chosen = engine, seconds, name
    log(f"engine: {chosen}, the fastest of those that agree")
    return fastest


def _agreeing(
    model: Model,
    options: EngineOptions,
    probe: NetworkInputs,
    expected: NetworkOutputs,
    log: Callable[[str], None],
) -> Iterator[tuple[str, Engine]]:
    """The other engines that are there and agree, by the names that the log has for them."""
    is_auto = options.precision == AUTO
    lower = _agreeing_bfloat16(model, probe, expected, log) if is_auto else None
    if lower is not None:
        yield f"{lower.name} in {BFLOAT16}", lower
    for name in [name for name in ENGINES if name != REFERENCE]:
        try:
            engine = open_engine(name, model, SINGLE if is_auto else options.precision)
        except UnavailableError as error:
            log(f"{name}: not used, {error}")
            continue
        if _agrees(name, engine, probe, expected, options.tolerance, log):
            yield name, engine


def _agrees(
    name: str,
    engine: Engine,
    probe: NetworkInputs,
    expected: NetworkOutputs,
    tolerance: float,
    log: Callable[[str], None],
) -> bool:
    agreement = compare(engine(probe), expected, tolerance=tolerance)
    log(f"{name}: {'agrees' if agreement.holds else 'not used'}, {agreement}")
    return agreement.holds


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
