"""Which formats and engines there are. Another is a new file here and a line in each mapping."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mmannot_tf.serving.model import Model
from mmannot_tf.serving.network import Engine
from tfrecords_tools.shell.errors import UserError

if TYPE_CHECKING:
    from mmannot_tf.serving.annotator_module import AnnotatorModule

EXTRA = "pip install 'mmannot-tf[engines]'"


@dataclass(frozen=True)
class Kind:
    """A format of an export, and what runs it.

    Attributes:
        files: of an export's version folder; the engine needs one of them.
        write: writes the format into a version folder.
        open: a version folder and a precision ("float32", "bfloat16") to the engine.
    """

    files: tuple[str, ...]
    write: Callable[["AnnotatorModule", Path], None]
    open: Callable[[Path, str], Engine]


class UnavailableError(Exception):
    """Why an engine cannot be had: its package is not installed, or the export lacks its file."""


def _saved_model() -> Kind:
    from mmannot_tf.serving.engines import tensorflow

    return Kind((tensorflow.FILE,), tensorflow.write, lambda folder, _: tensorflow.open_saved_model(folder))


def _openvino() -> Kind:
    from mmannot_tf.serving.engines import openvino, tensorflow

    return Kind((openvino.FILE, tensorflow.FILE), openvino.write, openvino.OpenVinoEngine)


def _onnx() -> Kind:
    from mmannot_tf.serving.engines import onnx

    return Kind((onnx.FILE,), onnx.write, lambda folder, _: onnx.OnnxEngine(folder))


def _litert() -> Kind:
    from mmannot_tf.serving.engines import litert

    return Kind((litert.FILE,), litert.write, lambda folder, _: litert.LiteRtEngine(folder))


FORMATS: Mapping[str, Callable[[], Kind]] = {
    "saved_model": _saved_model,
    "onnx": _onnx,
    "openvino": _openvino,
    "litert": _litert,
}
"""The formats of `mmannot export --format`. Their packages are imported when one is asked for."""

ENGINES: Mapping[str, Callable[[], Kind]] = {
    "tensorflow": _saved_model,
    "openvino": _openvino,
    "onnx": _onnx,
    "litert": _litert,
}
"""The engines of `mmannot annotate --engine`; the first is what the others are held against."""

REFERENCE = "tensorflow"


def format_kind(name: str) -> Kind:
    """A format by its name.

    Raises:
        UserError: the name is unknown, or a package is not installed.
    """
    if name not in FORMATS:
        raise UserError(f"--format must name formats ({', '.join(FORMATS)}). Received: {name}.")
    try:
        return FORMATS[name]()
    except ImportError as error:
        raise UserError(f"--format {name} needs a package. Received: {error}. Install it: {EXTRA}") from None


def open_engine(name: str, model: Model, precision: str) -> Engine:
    """Opens an engine on a model.

    Args:
        name: a key of `ENGINES`.
        model: from `open_model`.
        precision: "float32" or "bfloat16"; only OpenVINO has the second.

    Raises:
        UnavailableError: it is not installed, or cannot run what the model holds.
    """
    if model.run is not None:
        return _engine_of_run(name, model)
    try:
        kind = ENGINES[name]()
    except ImportError as error:
        raise UnavailableError(f"{error}; {EXTRA}") from None
    if not any((model.path / file).is_file() for file in kind.files):
        raise UnavailableError(f"{model.path} holds no {' or '.join(kind.files)}; export with that --format")
    return kind.open(model.path, precision)


def _engine_of_run(name: str, model: Model) -> Engine:
    if name != REFERENCE:
        raise UnavailableError(f"{model.path} is a run, which {REFERENCE} alone can read; export it first")

    import tempfile

    from mmannot_tf.serving.annotator_module import AnnotatorModule
    from mmannot_tf.serving.engines.tensorflow import TensorFlowEngine

    with tempfile.TemporaryDirectory() as assets:
        module = AnnotatorModule(model.run, Path(assets))
    return TensorFlowEngine(module, module.network)
