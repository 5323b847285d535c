"""A run as files that others read: a SavedModel, ONNX, OpenVINO, LiteRT; with a model card."""

import math
import tempfile
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import tensorflow as tf

from mmannot_tf.runs.run import Run
from mmannot_tf.serving import verification
from mmannot_tf.serving.annotator_module import AnnotatorModule
from mmannot_tf.serving.engines.kinds import format_kind
from mmannot_tf.serving.engines.tensorflow import TensorFlowEngine
from mmannot_tf.serving.model import FACTS, LABELS, SAVED_MODEL_FILE, Model, model_of, versions, write_lists
from mmannot_tf.serving.model_card import model_card
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import aside, write_json

SAVED_MODEL = "saved_model"
PACKAGES = ("mmannot-tf", "tensorflow", "keras", "onnx", "tf2onnx", "openvino", "ai-edge-litert")


def export(
    run: Run,
    out: Path,
    *,
    formats: Sequence[str] = (SAVED_MODEL,),
    tell: Callable[[str], None] = lambda line: None,
) -> Path:
    """Writes a version folder of an export, as TensorFlow Serving expects it, whole or not at all.

    Args:
        run: the trained run.
        out: the export's folder, which gets the next version, or OUT/NUMBER, which is replaced.
        formats: keys of `engines.kinds.FORMATS`; each is held against the model in memory on one batch.
        tell: called with a line on each format when it is verified.

    Returns:
        The version folder: the formats' files, assets/labels.txt and tags.txt, export.json, README.md (the
        model card).

    Raises:
        UserError: a stage is missing, a format is unknown, needs a package or gives other answers, or `out`
            holds something else or cannot be written.
    """
    kinds = {name: format_kind(name) for name in dict.fromkeys(formats)}
    folder = _version_folder(out)
    model = model_of(run)
    with tempfile.TemporaryDirectory() as assets:
        module = AnnotatorModule(run, Path(assets))
        inputs, texts = verification.probe(model)
        reference = TensorFlowEngine(module, module.network)(inputs)
        try:
            with aside(folder) as staging:
                staging.mkdir()
                found = {}
                for name, kind in kinds.items():
                    kind.write(module, staging)
                    agrees = verification.verify(name, kind, staging, inputs, reference)
                    found[name] = {"probability": agrees.probability, "quantity": agrees.quantity}
                    tell(f"{name}: {agrees}")
                    if name == SAVED_MODEL:
                        signatures = verification.verify_signatures(staging, module, inputs, texts)
                        found[name]["signatures"] = signatures
                        tell(f"{name}: {len(signatures)} signatures, max |Δ| {max(signatures.values()):.1e}")
                _write_beside(staging, run, model, module, found)
        except tf.errors.OpError as error:
            raise UserError(f"The export must be writable. Received: {folder}: {error.message}") from None
    return folder


def _version_folder(out: Path) -> Path:
    """Where to write: `out` itself if its name is a number, else its next version."""
    if not out.name.isdecimal():
        if out.is_dir() and not versions(out) and any(out.iterdir()):
            raise _something_else(out)
        if out.exists() and not out.is_dir():
            raise _something_else(out)
        return out / str(max(versions(out) if out.is_dir() else (), default=0) + 1)
    is_export = (out / FACTS).is_file() or (out / SAVED_MODEL_FILE).is_file()
    if out.exists() and not is_export and (not out.is_dir() or any(out.iterdir())):
        raise _something_else(out)
    return out


def _something_else(out: Path) -> UserError:
    return UserError(
        f"--out must be a new or empty folder, or an export. Received: {out}, which holds something else."
    )


def _write_beside(
    folder: Path, run: Run, model: Model, module: AnnotatorModule, found: dict[str, dict[str, Any]]
) -> None:
    """The lists that say what the numbers mean, the facts and the model card."""
    write_lists(folder / LABELS.parent, labels=model.labels, tags=model.tags)
    facts = {
        "digest": model.digest,
        "image_size": model.image_size,
        "resize": model.resize,
        "formats": found,
        "tolerance": verification.TOLERANCE,
        "versions": _versions(),
    }
    write_json(folder / FACTS, facts)
    (folder / "README.md").write_text(
        model_card(run, facts, parameters=sum(math.prod(one.shape) for one in module.weights)),
        encoding="utf-8",
    )


def _versions() -> dict[str, str]:
    """Of the packages that are installed."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
