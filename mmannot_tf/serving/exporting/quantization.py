"""Adds an int8 network to an export: OpenVINO's, quantised by NNCF. Needs no TensorFlow."""

import contextlib
import io
import logging
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov

from mmannot_tf.data.tag_index import TagIndex
from mmannot_tf.serving.annotating.decoder import open_decoder
from mmannot_tf.serving.annotating.decoding import decode_photographs
from mmannot_tf.serving.engines.catalogue import INT8
from mmannot_tf.serving.engines.openvino import FILE, INT8_FILE, OpenVinoEngine
from mmannot_tf.serving.exporting.version_folder import file_digests, new_version
from mmannot_tf.serving.inputs.photograph import Photograph
from mmannot_tf.serving.metadata import CARD_FILE, METADATA_FILE
from mmannot_tf.serving.model import Model, read_metadata
from mmannot_tf.serving.network import NetworkInputs
from tfrecords_tools.photographs.unreadable import UnreadableImageError
from tfrecords_tools.shell.atomic_folder import atomic_folder
from tfrecords_tools.shell.documents import sealed
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.extras import install_command
from tfrecords_tools.shell.files import write_json

EXTRA = "int8"
HEADING = "## In int8\n\n"
"""Of the model card's section."""
CALIBRATION_IMAGES = 300
"""NNCF's own default for the images on which it measures the range of each layer's values."""
PREFETCH = 16
"""Photographs that are decoded ahead."""
LEAST_IMAGES = 10
"""Ours: with fewer, the ranges say little."""
SHARE_COMPARED = 0.4
"""Ours: of few photographs, this share is not calibrated on, but compared."""
CONVOLUTIONS = ("Convolution", "GroupConvolution")
_WITHOUT_VALUES = ("Constant", "Parameter", "Result")


@dataclass(frozen=True)
class Int8Agreement:
    """How much int8 differs from float32 on photographs that it was not calibrated on.

    Attributes:
        calibrated: the number of photographs that it was calibrated on.
        compared: the number of photographs that were compared.
        same_labels: how many of those have the same labels as in float32.
        probability: the mean difference of a probability.
        largest: the largest difference of a probability.
    """

    calibrated: int
    compared: int
    same_labels: int
    probability: float
    largest: float

    def __str__(self) -> str:
        return (
            f"int8, calibrated on {self.calibrated:,} photographs: same labels on {self.same_labels:,} of "
            f"{self.compared:,} others, mean |Δp| {self.probability:.4f}, max |Δp| {self.largest:.2f}"
        )


def quantize(
    model: Model,
    out: Path,
    photographs: Iterable[Photograph],
    *,
    images: int = CALIBRATION_IMAGES,
    log: Callable[[str], None] = lambda line: None,
) -> tuple[Path, Int8Agreement]:
    """Writes an export again with the file that `--engine openvino --precision int8` reads.

    Convolutions and what lies between them compute with integers of 8 bits. Weights have a scale for each
    output channel, activations one for each layer, from the range of their values on photographs (Jacob et
    al. 2018). NNCF corrects the biases. All else stays in float32, for it costs next to nothing: the heads,
    and the tag encoder, whose values on photographs without tags have no range.

    Args:
        model: an export with the format "openvino".
        out: the export's folder, which gets the next version, or OUT/NUMBER, which is replaced.
        photographs: such as the model will see. Twice `images` of those that can be read are taken; what is
            not calibrated on is compared.
        images: the number to calibrate on.
        log: receives a line before the calibration.

    Returns:
        The version folder, and how much int8 differs there from float32.

    Raises:
        UserError: the export has no OpenVINO network, NNCF is not installed, the photographs are too few, or
            `out` holds something else.
    """
    if not (model.path / FILE).is_file():
        raise UserError(
            f"only an export with the format openvino can be quantised. Received: {model.path}, without it. "
            "Export it again with --format openvino."
        )
    nncf = _nncf()
    chosen = list(islice(_inputs(model, photographs), 2 * images))
    calibrated = chosen[: min(images, round(len(chosen) * (1 - SHARE_COMPARED)))]
    compared = chosen[len(calibrated) :]
    if len(calibrated) < LEAST_IMAGES:
        raise UserError(
            f"photographs must be at least {LEAST_IMAGES} to calibrate on, and others to compare. Received: "
            f"{len(chosen)} readable ones."
        )
    log(f"calibrating on {len(calibrated):,} photographs")
    network = ov.Core().read_model(model.path / FILE)
    quantized = _quantized(nncf, network, calibrated)
    with new_version(out, command="quantize") as folder, atomic_folder(folder) as staging:
        shutil.copytree(model.path, staging)
        (staging / INT8_FILE).parent.mkdir(exist_ok=True)
        ov.save_model(quantized, str(staging / INT8_FILE), compress_to_fp16=False)
        agreement = _compared(staging, compared, calibrated=len(calibrated))
        _describe(staging, agreement, nncf.__version__)
    return folder, agreement


def _inputs(model: Model, photographs: Iterable[Photograph]) -> Iterator[NetworkInputs]:
    """What the network gets for each photograph that can be read, with the tags that come with it."""
    tags = TagIndex(model.tags, model.tag_rule)
    decoder = open_decoder(model, OpenVinoEngine.name)
    for decoded in decode_photographs(photographs, decoder, prefetch=PREFETCH):
        if not isinstance(decoded.pixels, UnreadableImageError):
            words = tags.split([decoded.photograph.tags or ""])
            yield NetworkInputs(decoded.pixels[np.newaxis], tags.lists(words))


def _nncf() -> Any:
    """Imports NNCF, which would report its use over the network if it were not told otherwise."""
    os.environ["NNCF_CI"] = "1"
    try:
        import nncf
    except ImportError as error:
        raise UserError(
            f"quantize needs a package. Received: {error}. Run `{install_command(EXTRA)}`."
        ) from None
    logging.getLogger("nncf").setLevel(logging.ERROR)  # its own function changes all handlers of the process
    return nncf


def _quantized(nncf: Any, network: ov.Model, photographs: Sequence[NetworkInputs]) -> ov.Model:
    """The network in int8; NNCF's bars are not shown."""
    with contextlib.redirect_stdout(io.StringIO()):
        return nncf.quantize(
            network,
            nncf.Dataset(photographs, NetworkInputs.as_mapping),
            subset_size=len(photographs),
            target_device=nncf.TargetDevice.CPU,
            ignored_scope=nncf.IgnoredScope(names=_behind_the_convolutions(network)),
        )


def _behind_the_convolutions(network: ov.Model) -> list[str]:
    """The names of the operations whose result no convolution reads, directly or through others."""
    operations = network.get_ops()
    read: set[str] = set()
    pending = [operation for operation in operations if operation.get_type_name() in CONVOLUTIONS]
    while pending:
        operation = pending.pop()
        if operation.get_friendly_name() not in read:
            read.add(operation.get_friendly_name())
            pending += [place.get_source_output().get_node() for place in operation.inputs()]
    return [
        operation.get_friendly_name()
        for operation in operations
        if operation.get_friendly_name() not in read and operation.get_type_name() not in _WITHOUT_VALUES
    ]


def _compared(folder: Path, photographs: Sequence[NetworkInputs], *, calibrated: int) -> Int8Agreement:
    single, lower = OpenVinoEngine(folder), OpenVinoEngine(folder, INT8)
    differences, same = [], 0
    for photograph in photographs:
        expected, outputs = single(photograph), lower(photograph)
        differences.append(np.abs(outputs.probabilities - expected.probabilities))
        same += int(np.array_equal(outputs.selected, expected.selected))
    return Int8Agreement(
        calibrated=calibrated,
        compared=len(photographs),
        same_labels=same,
        probability=float(np.mean(differences)),
        largest=float(np.max(differences)),
    )


def _describe(folder: Path, agreement: Int8Agreement, nncf_version: str) -> None:
    """Brings the copied export.json and model card up to date."""
    metadata = read_metadata(folder)
    metadata["int8"] = asdict(agreement)
    metadata["versions"] = {**metadata["versions"], "nncf": nncf_version}
    metadata["files"] = file_digests(folder)
    write_json(folder / METADATA_FILE, sealed(metadata))
    card = (folder / CARD_FILE).read_text(encoding="utf-8").partition(HEADING)[0].rstrip()
    text = f"{card}\n\n{HEADING}{_section(agreement, nncf_version)}\n"
    (folder / CARD_FILE).write_text(text, encoding="utf-8")


def _section(agreement: Int8Agreement, nncf_version: str) -> str:
    return (
        f"`--engine openvino --precision int8`, quantised by NNCF {nncf_version}; the heads and the tag "
        f"encoder are in float32. It was calibrated on {agreement.calibrated:,} photographs. Of "
        f"{agreement.compared:,} others, {agreement.same_labels:,} get the same labels as in float32; their "
        f"probabilities differ by {agreement.probability:.4f} on average, by {agreement.largest:.2f} at most."
    )
