"""A batch of made images on which engines are compared, and what an export's own network said about it."""

from pathlib import Path

import numpy as np

from mmannot_tf.data.tag_lists import padded
from mmannot_tf.serving.model import Model
from mmannot_tf.serving.network import NETWORK_OUTPUTS, NetworkInputs, NetworkOutputs

IMAGES = 8
RECORD_FILE = "probe.npz"
"""In an export's version folder: the outputs for `RECORDED` of the images, as TensorFlow computed them."""
RECORDED = (0, IMAGES - 1)
"""The images without tags and with the most; two, so that an engine is compared in a fraction of a second."""


def probe_batch(model: Model) -> tuple[NetworkInputs, list[str]]:
    """Makes images of coarse colours with noise, or vectors, and 0 to 7 tags for each; always the same ones.

    Returns:
        The network's inputs, and the images' tags as comma-separated text.
    """
    rng = np.random.default_rng(0)
    pixels = (
        rng.normal(size=(IMAGES, model.vectors.size)) if model.vectors else _pixels(rng, model.image_size)
    )
    known = len(model.tags)
    tags = [rng.choice(known, min(count, known), replace=False).tolist() for count in range(IMAGES)]
    texts = [", ".join(model.tags[index] for index in row) for row in tags]
    return NetworkInputs(pixels.astype(np.float32), padded(tags)), texts


def _pixels(rng: np.random.Generator, size: int) -> np.ndarray:
    coarse = rng.integers(0, 256, (IMAGES, 5, 5, 3)).repeat(-(-size // 5), 1).repeat(-(-size // 5), 2)
    noisy = coarse[:, :size, :size] + rng.normal(0, 20, (IMAGES, size, size, 3))
    return np.clip(np.round(noisy), 0, 255)


def write_record(folder: Path, outputs: NetworkOutputs) -> None:
    """Writes `RECORD_FILE`.

    Args:
        folder: the export's version folder.
        outputs: of TensorFlow, for `probe_batch`.
    """
    arrays = {name: getattr(outputs, name)[[*RECORDED]] for name in NETWORK_OUTPUTS}
    np.savez_compressed(folder / RECORD_FILE, **arrays)


def has_record(model: Model) -> bool:
    """Whether a model holds outputs to compare engines with: exports of this version do, runs do not."""
    return model.run is None and (model.path / RECORD_FILE).is_file()


def read_record(model: Model) -> tuple[NetworkInputs, NetworkOutputs] | None:
    """What TensorFlow computed when a model was exported; None where `has_record` is false.

    Returns:
        The inputs and the outputs of `RECORDED` images.
    """
    if not has_record(model):
        return None
    inputs, _ = probe_batch(model)
    rows = [*RECORDED]
    with np.load(model.path / RECORD_FILE) as arrays:
        outputs = NetworkOutputs.from_mapping(arrays)
    return NetworkInputs(inputs.image[rows], inputs.tag_lists[rows]), outputs
