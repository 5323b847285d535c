"""Annotating image files with a run or an export."""

import csv
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow as tf
from PIL import Image

from mmannot_tf.serving.annotator_module import AnnotatorModule
from mmannot_tf.training.run import open_run
from tfrecords_tools.errors import UserError


@dataclass(frozen=True)
class Annotation:
    """What one image was given.

    Attributes:
        image: its path.
        tags: the tags that came with it, comma-separated.
        labels: the selected labels with their probabilities, best first.
        predicted_quantity: the regressor's output before rounding.
    """

    image: str
    tags: str
    labels: tuple[tuple[str, float], ...]
    predicted_quantity: float


@dataclass(frozen=True)
class Signature:
    """`serving_default`, (image, tags) → outputs, together with the model that keeps its variables alive."""

    model: Any
    function: Callable[..., Mapping[str, tf.Tensor]]

    def __call__(self, image: tf.Tensor, tags: tf.Tensor) -> Mapping[str, tf.Tensor]:
        """Annotates a batch of encoded images with their comma-separated tags."""
        return self.function(image=image, tags=tags)


def load_signature(model: Path) -> Signature:
    """`serving_default` of an export, or the same function of a run.

    Raises:
        UserError: `model` is neither.
    """
    if (model / "saved_model.pb").is_file():
        loaded = tf.saved_model.load(str(model))
        if "serving_default" not in loaded.signatures:
            raise UserError(f"An export must have the signature serving_default. Received: {model}, without.")
        return Signature(loaded, loaded.signatures["serving_default"])
    if (model / "dataset.json").is_file():
        with tempfile.TemporaryDirectory() as assets:
            module = AnnotatorModule(open_run(model), Path(assets))
        return Signature(module, module.annotate)
    raise UserError(f"MODEL must be a run or an export. Received: {model}, which is neither.")


def read_tags(file: Path) -> dict[str, str]:
    """Tags by image from a CSV file with the columns `image` and `tags`.

    Raises:
        UserError: no such file, or a column is missing.
    """
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            rows = csv.DictReader(lines)
            if not {"image", "tags"} <= set(rows.fieldnames or ()):
                raise UserError(
                    f"--tags-file must have the columns image and tags. Received: {file}: {rows.fieldnames}."
                )
            return {row["image"]: row["tags"] or "" for row in rows}
    except FileNotFoundError:
        raise UserError(f"--tags-file must exist. Received: {file}, which does not.") from None


def unreadable(image: Path) -> str | None:
    """Why an image cannot be annotated, or None."""
    try:
        with Image.open(image) as opened:
            opened.load()
            return None if opened.format in ("JPEG", "PNG") else f"{opened.format}, not JPEG or PNG"
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        return str(error)


def annotate(
    signature: Signature, images: Sequence[Path], *, tags: Mapping[str, str], batch_size: int = 8
) -> Iterator[Annotation]:
    """Annotates readable images, a batch at a time.

    Args:
        signature: from `load_signature`.
        images: JPEG or PNG files.
        tags: path as text → comma-separated tags; images without an entry have none.
        batch_size: images a forward pass.
    """
    for start in range(0, len(images), batch_size):
        batch = images[start : start + batch_size]
        texts = [tags.get(str(image), "") for image in batch]
        encoded = tf.constant([image.read_bytes() for image in batch])
        outputs = signature(encoded, tf.constant(texts, tf.string))
        arrays = {name: output.numpy() for name, output in outputs.items()}
        for row, (image, text) in enumerate(zip(batch, texts, strict=True)):
            names = [name.decode() for name in arrays["annotations"][row] if name]
            scores = [float(score) for score in arrays["scores"][row][: len(names)]]
            labels = tuple(zip(names, scores, strict=True))
            yield Annotation(str(image), text, labels, float(arrays["predicted_quantity"][row]))
