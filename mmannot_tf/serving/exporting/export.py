"""Exports a run as a SavedModel, ONNX, OpenVINO or LiteRT, with a model card."""

import math
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TypeAlias

import tensorflow as tf

from mmannot_tf.evaluation.document import document
from mmannot_tf.evaluation.scorer_ways import AnnotatorWays
from mmannot_tf.runs.heads import write_heads
from mmannot_tf.runs.run import Run, open_run
from mmannot_tf.serving.decisions import Decisions
from mmannot_tf.serving.engines.catalogue import HEADS, ExportFormat, export_format
from mmannot_tf.serving.engines.probe import probe_batch, write_record
from mmannot_tf.serving.exporting import verification
from mmannot_tf.serving.exporting.annotator_module import AnnotatorModule
from mmannot_tf.serving.exporting.model_card import card_with_formats, model_card
from mmannot_tf.serving.exporting.vector_module import open_module
from mmannot_tf.serving.exporting.version_folder import file_digests, new_version
from mmannot_tf.serving.formats.saved_model import TensorFlowEngine
from mmannot_tf.serving.metadata import CARD_FILE, METADATA_FILE, ExportMetadata, FormatCheck
from mmannot_tf.serving.model import (
    LABELS,
    Model,
    branches_of,
    model_of,
    write_name_lists,
)
from mmannot_tf.serving.network import TOLERANCE
from tfrecords_tools.shell.atomic_folder import atomic_folder
from tfrecords_tools.shell.documents import sealed
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import digest, write_json

SAVED_MODEL = "saved_model"
Writers: TypeAlias = Mapping[str, ExportFormat]
PACKAGES = ("mmannot-tf", "tensorflow", "keras", "onnx", "tf2onnx", "openvino", "ai-edge-litert")


def export(
    run: Run,
    out: Path,
    *,
    formats: Sequence[str] = (SAVED_MODEL,),
    ways: AnnotatorWays | None = None,
    log: Callable[[str], None] = lambda line: None,
) -> Path:
    """Writes a version folder of an export, as TensorFlow Serving expects it, completely or not at all.

    Args:
        run: the trained run.
        out: the export's folder, which gets the next version, or OUT/NUMBER, which is replaced.
        formats: keys of `engines.catalogue.FORMATS`; each is compared with the model in memory on one batch.
            With "heads" the matrices of all heads are rounded to float16, in the other formats too.
        ways: how many labels an image gets; None for as many as the regressor predicts, as in the paper.
        log: receives a line on each verified format.

    Returns:
        The version folder: the formats' files, assets/labels.txt, tags.txt and tag_keys.txt, the ways in
        decisions, outputs to compare engines with (probe.npz), export.json, README.md (the model card).

    Raises:
        UserError: a stage is missing, a format is unknown, needs a package or gives other outputs, or `out`
            holds something else or cannot be written.
    """

    def write(folder: Path, writers: Writers) -> None:
        _write_run(run, folder, writers, ways, log)

    return _exported(out, formats, write)


def export_again(
    model: Model,
    out: Path,
    *,
    formats: Sequence[str] = (SAVED_MODEL,),
    log: Callable[[str], None] = lambda line: None,
) -> Path:
    """Writes an export in other formats, from its heads and the backbone that it names.

    Arguments and errors as for `export`; the model annotates, decides and is named as before.

    Args:
        model: an export with the format "heads".
        out: the new export's folder, or OUT/NUMBER.
        formats: keys of `engines.catalogue.FORMATS`.
        log: receives a line on each verified format.

    Raises:
        UserError: as `export`; or the export has no heads, or the backbone cannot be fetched.
    """
    if not (model.path / HEADS).is_dir() or model.decisions is None:
        raise UserError(
            f"only an export with the format {HEADS} can be exported again. Received: {model.path}, without. "
            "Export the run that it was made from."
        )
    run, decisions = open_run(model.path / HEADS), model.decisions

    def write(folder: Path, writers: Writers) -> None:
        with tempfile.TemporaryDirectory() as temporary:
            module = open_module(run, Path(temporary) / "assets", decisions)
            _write(folder, writers, model, module, lambda metadata: _card_again(model, metadata), log)

    return _exported(out, formats, write)


def _card_again(model: Model, metadata: ExportMetadata) -> str:
    return card_with_formats((model.path / CARD_FILE).read_text(encoding="utf-8"), metadata)


def _exported(out: Path, formats: Sequence[str], write: Callable[[Path, Writers], None]) -> Path:
    """Calls `write` with the version folder to write, while no other process writes there."""
    writers = {name: export_format(name) for name in dict.fromkeys(formats)}
    with new_version(out, command="export") as folder:
        write(folder, writers)
    return folder


def _write_run(
    run: Run,
    folder: Path,
    writers: Writers,
    ways: AnnotatorWays | None,
    log: Callable[[str], None],
) -> None:
    """Writes the version folder of a run."""
    decides = None if ways is None else Decisions.of(ways)
    with tempfile.TemporaryDirectory() as temporary:
        source = run
        if HEADS in writers:
            source = write_heads(run, Path(temporary) / HEADS, branches_of(run).values())
        model = model_of(source)
        if decides is not None:
            model = replace(model, digest=digest([model.digest, document(decides)]), decisions=decides)
        module = open_module(source, Path(temporary) / "assets", decides)
        parameters = sum(math.prod(weight.shape) for weight in module.weights)

        def card(metadata: ExportMetadata) -> str:
            return model_card(run, metadata, module.decisions, ways, parameters=parameters)

        _write(folder, writers, model, module, card, log)


def _write(
    folder: Path,
    writers: Writers,
    model: Model,
    module: AnnotatorModule,
    card: Callable[[ExportMetadata], str],
    log: Callable[[str], None],
) -> None:
    """Writes the version folder of a module."""
    try:
        with atomic_folder(folder) as staging:
            staging.mkdir()
            module.decisions.save(staging)
            checks = _write_formats(staging, writers, model, module, log)
            _write_descriptions(staging, model, module, card, checks)
    except tf.errors.OpError as error:
        raise UserError(f"The export must be writable. Received: {folder}: {error.message}") from None


def _write_formats(
    folder: Path,
    writers: Writers,
    model: Model,
    module: AnnotatorModule,
    log: Callable[[str], None],
) -> dict[str, FormatCheck]:
    """Writes and verifies each format, and writes the outputs that it is compared with."""
    inputs, texts = probe_batch(model)
    reference = TensorFlowEngine(module, module.network)(inputs)
    write_record(folder, reference)
    checks: dict[str, FormatCheck] = {}
    for name, writer in writers.items():
        writer.write(module, folder)
        engine = writer.open(folder)
        agreement = verification.verify(name, engine(inputs), reference)
        checks[name] = {"probability": agreement.probability, "quantity": agreement.quantity}
        log(f"{name}: {agreement}")
        if name == SAVED_MODEL and isinstance(engine, TensorFlowEngine):
            signatures = verification.verify_signatures(engine.model, module, inputs, texts)
            checks[name]["signatures"] = signatures
            log(f"{name}: {len(signatures)} signatures, max |Δ| {max(signatures.values()):.1e}")
    return checks


def _write_descriptions(
    folder: Path,
    model: Model,
    module: AnnotatorModule,
    card: Callable[[ExportMetadata], str],
    checks: dict[str, FormatCheck],
) -> None:
    """Writes the lists of labels and tags, export.json and the model card."""
    write_name_lists(folder / LABELS.parent, labels=model.labels, tags=model.tags, tag_rule=model.tag_rule)
    metadata: ExportMetadata = {
        "digest": model.digest,
        "image_size": model.image_size,
        "orientation": model.orientation,
        "resize": model.resize,
        "tag_rule": model.tag_rule,
        "decisions": module.decisions.defaults,
        "probabilities": "uncalibrated",
        "formats": checks,
        "tolerance": TOLERANCE,
        "versions": _package_versions(),
        "files": file_digests(folder),
    }
    if model.vectors:
        metadata["vectors"] = asdict(model.vectors)
    write_json(folder / METADATA_FILE, sealed(metadata))
    (folder / CARD_FILE).write_text(card(metadata), encoding="utf-8")


def _package_versions() -> dict[str, str]:
    """The versions of the installed packages among `PACKAGES`."""
    installed = {}
    for name in PACKAGES:
        try:
            installed[name] = version(name)
        except PackageNotFoundError:
            continue
    return installed
