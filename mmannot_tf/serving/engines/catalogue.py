"""The formats and engines there are.

A new one is a file in `serving/formats` that writes it, one in `serving/engines` that runs it, and a line in
each mapping.
"""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mmannot_tf.runs.run import Run
from mmannot_tf.serving.model import SAVED_MODEL_FILE, Model
from mmannot_tf.serving.network import Engine
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.extras import install_command

if TYPE_CHECKING:
    from mmannot_tf.serving.exporting.annotator_module import AnnotatorModule

HEADS = "heads"
INT8 = "int8"
EXTRA = "engines"


@dataclass(frozen=True)
class EngineFormat:
    """What an engine reads, and how it is opened.

    Attributes:
        files: in an export's version folder; the engine needs one of them.
        open: returns the engine for a version folder and a precision ("float32", "bfloat16", "int8").
        has_bfloat16_units: whether this processor has units for bfloat16 that the engine uses.
        int8_file: what it reads instead in int8; None if it has no int8.
    """

    files: tuple[str, ...]
    open: Callable[[Path, str], Engine]
    has_bfloat16_units: Callable[[], bool] = lambda: False
    int8_file: str | None = None


@dataclass(frozen=True)
class ExportFormat:
    """A format of an export.

    Attributes:
        write: writes the format into a version folder.
        open: returns the engine that reads it again, for a version folder.
    """

    write: Callable[["AnnotatorModule", Path], None]
    open: Callable[[Path], Engine]


class UnavailableError(Exception):
    """An engine's package is not installed, or the export lacks its file."""


def _tensorflow_engine() -> EngineFormat:
    """The engine of the SavedModel, and of heads alone where there is none."""
    from mmannot_tf.serving.formats import heads, saved_model

    def opened(folder: Path, precision: str) -> Engine:
        has_graph = (folder / saved_model.FILE).is_file()
        return saved_model.open_saved_model(folder) if has_graph else heads.open_heads(folder)

    return EngineFormat((saved_model.FILE, heads.FILE), opened)


def _openvino_engine() -> EngineFormat:
    """The engine of its own format, and of the SavedModel where there is none."""
    from mmannot_tf.serving.engines import openvino

    def opened(folder: Path, precision: str) -> Engine:
        if precision == INT8 or (folder / openvino.FILE).is_file():
            return openvino.OpenVinoEngine(folder, precision)

        from mmannot_tf.serving.formats.openvino import read_saved_model

        return openvino.OpenVinoEngine(read_saved_model(folder), precision)

    files = (openvino.FILE, SAVED_MODEL_FILE)
    return EngineFormat(files, opened, openvino.has_bfloat16_units, openvino.INT8_FILE)


def _onnx_engine() -> EngineFormat:
    from mmannot_tf.serving.engines import onnx

    return EngineFormat((onnx.FILE,), lambda folder, _: onnx.OnnxEngine(folder))


def _litert_engine() -> EngineFormat:
    from mmannot_tf.serving.engines import litert

    return EngineFormat((litert.FILE,), lambda folder, _: litert.LiteRtEngine(folder))


ENGINES: Mapping[str, Callable[[], EngineFormat]] = {
    "tensorflow": _tensorflow_engine,
    "openvino": _openvino_engine,
    "onnx": _onnx_engine,
    "litert": _litert_engine,
}
"""The engines of `mmannot annotate --engine`. Calling a value imports its packages; only the first, the
reference for the others, imports TensorFlow, and OpenVINO that opens a SavedModel."""

REFERENCE = "tensorflow"


def _saved_model() -> ExportFormat:
    from mmannot_tf.serving.formats import saved_model

    return ExportFormat(saved_model.write, saved_model.open_saved_model)


def _onnx() -> ExportFormat:
    from mmannot_tf.serving.engines.onnx import OnnxEngine
    from mmannot_tf.serving.formats import onnx

    return ExportFormat(onnx.write, OnnxEngine)


def _openvino() -> ExportFormat:
    from mmannot_tf.serving.engines.openvino import OpenVinoEngine
    from mmannot_tf.serving.formats import openvino

    return ExportFormat(openvino.write, OpenVinoEngine)


def _litert() -> ExportFormat:
    from mmannot_tf.serving.engines.litert import LiteRtEngine
    from mmannot_tf.serving.formats import litert

    return ExportFormat(litert.write, LiteRtEngine)


def _heads() -> ExportFormat:
    from mmannot_tf.serving.formats import heads

    return ExportFormat(heads.write, heads.open_heads)


FORMATS: Mapping[str, Callable[[], ExportFormat]] = {
    "saved_model": _saved_model,
    "onnx": _onnx,
    "openvino": _openvino,
    "litert": _litert,
    HEADS: _heads,
}
"""The formats of `mmannot export --format`. Calling a value imports TensorFlow and the format's packages."""


def export_format(name: str) -> ExportFormat:
    """Returns a format by its name.

    Raises:
        UserError: the name is unknown, or a package is not installed.
    """
    if name not in FORMATS:
        raise UserError(f"--format must name formats ({', '.join(FORMATS)}). Received: {name}.")
    try:
        return FORMATS[name]()
    except ImportError as error:
        raise UserError(
            f"--format {name} needs a package. Received: {error}. Run `{install_command(EXTRA)}`."
        ) from None


def open_engine(name: str, model: Model, precision: str, *, only_with_units: bool = False) -> Engine:
    """Opens an engine on a model.

    Args:
        name: a key of `ENGINES`.
        model: from `open_model`.
        precision: "float32", "bfloat16" or "int8"; only OpenVINO supports the others.
        only_with_units: refuses a processor without units for bfloat16.

    Raises:
        UnavailableError: the engine is not installed, cannot run what the model holds, or is refused.
    """
    if model.run is not None:
        return _engine_of_run(name, model.run)
    try:
        engine_format = ENGINES[name]()
    except ImportError as error:
        raise UnavailableError(f"{error}; run `{install_command(EXTRA)}`") from None
    if precision == INT8:
        if engine_format.int8_file is None or not (model.path / engine_format.int8_file).is_file():
            raise UnavailableError(f"{model.path} holds no network in int8; `mmannot quantize` adds it")
    elif not any((model.path / file).is_file() for file in engine_format.files):
        files = " or ".join(engine_format.files)
        raise UnavailableError(f"{model.path} holds no {files}; export with that --format")
    if only_with_units and not has_bfloat16_units(name):
        raise UnavailableError("this processor has no units for bfloat16")
    return engine_format.open(model.path, precision)


def opens_saved_model(name: str, model: Model) -> bool:
    """Whether an installed engine has nothing but a SavedModel to read, which imports TensorFlow."""
    try:
        files = ENGINES[name]().files
    except ImportError:
        return False
    return next((file for file in files if (model.path / file).is_file()), None) == SAVED_MODEL_FILE


def has_bfloat16_units(name: str) -> bool:
    """Whether an engine that is installed has units for bfloat16 in this processor."""
    return ENGINES[name]().has_bfloat16_units()


def _engine_of_run(name: str, run: Run) -> Engine:
    if name != REFERENCE:
        raise UnavailableError(f"{run.path} is a run, which only {REFERENCE} can read; export it first")

    from mmannot_tf.serving.exporting.vector_module import open_module
    from mmannot_tf.serving.formats.saved_model import TensorFlowEngine

    with tempfile.TemporaryDirectory() as assets:
        module = open_module(run, Path(assets))
    return TensorFlowEngine(module, module.network)
