"""A trained run or an export as a Python object."""

import io
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from itertools import islice
from pathlib import Path
from typing import Any, cast

import keras
import numpy as np
import tensorflow as tf
from PIL import Image

from mmannot_tf.decisions.override import Override
from mmannot_tf.layers.arguments import whole_number
from mmannot_tf.serving.annotating.annotator import Annotator
from mmannot_tf.serving.annotation import Annotation
from mmannot_tf.serving.engines.catalogue import REFERENCE, UnavailableError, open_engine
from mmannot_tf.serving.formats.saved_model import TensorFlowEngine
from mmannot_tf.serving.model import Model, open_model
from mmannot_tf.serving.network import NETWORK_OUTPUTS
from tfrecords_tools.photographs.conversion import as_png
from tfrecords_tools.photographs.encoded import encoded_photograph
from tfrecords_tools.photographs.unreadable import UnreadableImageError
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.tag_rule.rule import join_tags

ImageLike = str | Path | bytes | np.ndarray | Image.Image
"""A photograph's file, its bytes, RGB pixels uint8 [H, W, 3], or a Pillow image."""
TagsLike = str | Sequence[str] | Sequence[Sequence[str]]
"""A text of several tags for all images, or for each image such a text or a list of tags (docs/tags.md)."""


def load(path: str | Path) -> "LoadedModel":
    """Opens a run or an export, to annotate images with it.

    Args:
        path: the folder of a run; or of an export, which opens its highest version; or of one version; or
            "starter", the model that comes with the package.

    Returns:
        The model, run by TensorFlow.

    Raises:
        UserError: `path` is none of them, a stage of the run is not finished, or the export holds no
            SavedModel. Load a `.keras` file with `keras.models.load_model`.

    Example:
        >>> model = mmannot_tf.load("runs/mscoco/export")                          # doctest: +SKIP
        >>> (annotation,) = model.annotate(["photo.jpg"], tags=["beach, surf"])    # doctest: +SKIP
        >>> annotation.labels                                                      # doctest: +SKIP
        (('person', 0.98), ('surfboard', 0.91))
    """
    if not str(path) or not isinstance(path, str | os.PathLike):
        raise UserError(f"path must be the folder of a run or an export. Received: {path!r}.")
    if Path(path).is_file():
        raise UserError(
            f"path must be the folder of a run or an export. Received: {path}, a file. Load a .keras file "
            "with keras.models.load_model."
        )
    return LoadedModel(open_model(Path(path)))


class LoadedModel:
    """A trained annotator; `load` returns it."""

    def __init__(self, model: Model):
        """Reads the weights of an open run or export."""
        try:
            engine = cast(TensorFlowEngine, open_engine(REFERENCE, model, "float32"))
        except UnavailableError as error:
            raise UserError(f"An export must hold a SavedModel. Received: {error}.") from None
        self._module = engine.model
        self._path = model.path
        self._annotator = Annotator(model, lambda _: engine)

    def __repr__(self) -> str:
        return f"LoadedModel({str(self._path)!r}, {len(self.labels)} labels, {len(self.tags)} tags)"

    @property
    def labels(self) -> tuple[str, ...]:
        """The C label names in index order."""
        return self._annotator.model.labels

    @property
    def tags(self) -> tuple[str, ...]:
        """The T tags of the vocabulary in index order."""
        return self._annotator.model.tags

    @property
    def image_size(self) -> int:
        """The side of the network's square input image, in pixels."""
        return self._annotator.model.image_size

    @property
    def branches(self) -> Mapping[str, keras.Model]:
        """The trained Keras models by name: "backbone", "fusion", "tag_encoder", "classifier", "quantity".

        A run without fusion blocks has "pooling" in place of "fusion"; one without tags has no "tag_encoder".
        Where the heads on f_v annotate images without tags, there are "visual_classifier" and
        "visual_quantity", too.

        Raises:
            UserError: an export was loaded, which holds a graph and no Keras models.
        """
        if self._annotator.model.run is None:
            raise UserError(
                "branches need a run, for an export holds no Keras models. "
                f"Received: {self._annotator.model.path}. Load the run that it was exported from."
            )
        return dict(self._module.branches)

    def annotate(
        self,
        images: Iterable[ImageLike],
        tags: TagsLike = "",
        *,
        batch_size: int = 32,
        decide: Override | None = None,
    ) -> list[Annotation]:
        """Gives each image as many labels as the model decides, or as `decide` asks for.

        Args:
            images: a list of files, their bytes, RGB arrays uint8 [H, W, 3], or Pillow images. All
                but arrays are turned by their EXIF orientation if the model was trained on such images.
            tags: the user's tags of each image, or one text for all. Unknown tags are ignored.
            batch_size: images in one forward pass.
            decide: another way to decide, or other values of its parameters: `decisions.Override`. A run has
                the ways that need no images to be fitted on, and `one_threshold` at 0.5; an export those that
                it was made with.

        Returns:
            One `Annotation` per image, with `labels`, the (label, probability) pairs, best first,
            `predicted_quantity`, the regressor's output before rounding, and `unknown_tags`.

        Raises:
            ValueError: `images` is one image instead of a list, or there is not one entry of tags for each.
            UserError: an image cannot be read, `decide` is no `Override`, or the model has no such way.

        Example:
            >>> from mmannot_tf.decisions import Override                              # doctest: +SKIP
            >>> model.annotate(["photo.jpg"], decide=Override("expected_f", most=5))   # doctest: +SKIP
        """
        if not isinstance(decide, Override | None):
            raise UserError(
                f"decide must be an Override, such as Override('expected_f'). Received: {decide!r}."
            )
        images = _list_of(images)
        texts = _texts(tags, len(images))
        annotations = []
        for batch in _batches(list(enumerate(images)), batch_size):
            pixels = [self._decoded(image, number) for number, image in batch]
            names = [_name(image, number) for number, image in batch]
            tags_of_batch = [texts[number] for number, _ in batch]
            annotations += self._annotator.annotate(pixels, tags_of_batch, names, decide)
        return annotations

    def predict(
        self, images: Iterable[ImageLike], tags: TagsLike = "", *, batch_size: int = 32
    ) -> Mapping[str, np.ndarray]:
        """Computes the network's outputs; arguments and errors as in `annotate`.

        Returns:
            "probabilities", float32 [N, C], "predicted_quantity", float32 [N], "selected", bool [N, C], and
            "order", label indices, best first, int32 [N, C].
        """
        images = _list_of(images)
        texts = _texts(tags, len(images))
        batches = []
        for batch in _batches(list(enumerate(images)), batch_size):
            pixels = [self._decoded(image, number) for number, image in batch]
            inputs = self._annotator.inputs(pixels, [texts[number] for number, _ in batch])
            outputs = self._annotator.run(inputs)
            batches.append({name: getattr(outputs, name) for name in NETWORK_OUTPUTS})
        return _concatenated(batches)

    def features(
        self, images: Iterable[ImageLike], tags: TagsLike = "", *, batch_size: int = 32
    ) -> Mapping[str, np.ndarray]:
        """Computes features for retrieval; arguments and errors as in `annotate`.

        Returns:
            "f_v", the visual feature, "f_t", the textual one, and "f", both side by side; float32 [N, D].
        """
        images = _list_of(images)
        texts = _texts(tags, len(images))
        batches = []
        for batch in _batches(list(enumerate(images)), batch_size):
            for number, image in batch:
                self._decoded(image, number)
            encoded = tf.constant([_encoded(image, number) for number, image in batch])
            outputs = self._module.features(encoded, tf.constant([texts[number] for number, _ in batch]))
            batches.append({name: values.numpy() for name, values in outputs.items()})
        return _concatenated(batches)

    def _decoded(self, image: ImageLike, number: int) -> np.ndarray:
        try:
            return self._annotator.decode(_encoded(image, number))
        except UnreadableImageError as error:
            raise UserError(
                f"An image must be a readable photograph. Received: {_name(image, number)}: {error}."
            ) from None


def _list_of(images: Any) -> list[ImageLike]:
    if isinstance(images, str | Path | bytes | Image.Image) or (
        isinstance(images, np.ndarray) and images.ndim == 3
    ):
        raise ValueError("images must be a list. Received: one image; put it in brackets")
    if not isinstance(images, Iterable):
        raise ValueError(f"images must be a list. Received: {type(images).__name__}")
    return list(images)


def _encoded(image: Any, number: int) -> bytes:
    """JPEG or PNG bytes; other files and pixels are encoded as PNG, which loses nothing."""
    try:
        if isinstance(image, Image.Image):
            return as_png(image)
        if isinstance(image, str | Path | bytes):
            return encoded_photograph(image if isinstance(image, bytes) else Path(image)).content
    except UnreadableImageError as error:
        raise UserError(
            f"An image must be a readable photograph. Received: {_name(image, number)}: {error}."
        ) from None
    kind = f"{image.dtype} {list(image.shape)}" if isinstance(image, np.ndarray) else type(image).__name__
    if (
        not isinstance(image, np.ndarray)
        or image.dtype != np.uint8
        or image.shape[2:] != (3,)
        or not image.size
    ):
        raise UserError(
            "An image must be a file, bytes, a Pillow image, or RGB pixels uint8 [H, W, 3]. "
            f"Received: {_name(image, number)}, {kind}."
        )
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return buffer.getvalue()


def _name(image: ImageLike, number: int) -> str:
    return str(image) if isinstance(image, str | Path) else f"image {number}"


def _texts(tags: TagsLike, images: int) -> list[str]:
    """One comma-separated text for each image."""
    if isinstance(tags, str):
        return [tags] * images
    if isinstance(tags, bytes | Set | Mapping) or not isinstance(tags, Iterable):
        raise ValueError(
            f"tags must be one text, or a list with an entry for each image. Received: {type(tags).__name__}"
        )
    texts = [_text(entry) for entry in tags]
    if len(texts) != images:
        raise ValueError(f"tags must have an entry for each of {images} images. Received: {len(texts)}")
    return texts


def _text(entry: Any) -> str:
    if isinstance(entry, str):
        return entry
    if not isinstance(entry, Sequence) or not all(isinstance(tag, str) for tag in entry):
        raise ValueError(f"The tags of an image must be a text or a list of texts. Received: {entry!r}")
    return join_tags(entry)


def _batches(items: Sequence[tuple[int, ImageLike]], size: int) -> Iterator[list[tuple[int, ImageLike]]]:
    size = whole_number("batch_size", size, least=1)
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


def _concatenated(batches: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    if not batches:
        raise ValueError("images must hold at least one image. Received: none")
    return {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}
