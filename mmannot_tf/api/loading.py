"""A trained run or an export as a Python object."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Literal, cast, overload

import keras
import numpy as np
import tensorflow as tf

from mmannot_tf.api.arguments import (
    ImageLike,
    TagsLike,
    encoded_image,
    image_name,
    list_of_images,
    tag_texts,
)
from mmannot_tf.decisions.override import Override
from mmannot_tf.layers.arguments import whole_number
from mmannot_tf.serving.annotating.annotator import Annotator
from mmannot_tf.serving.annotation import Annotation, Result
from mmannot_tf.serving.engines.catalogue import REFERENCE, UnavailableError, open_engine
from mmannot_tf.serving.formats.saved_model import TensorFlowEngine
from mmannot_tf.serving.model import Model, open_model
from mmannot_tf.serving.network import NETWORK_OUTPUTS
from tfrecords_tools.photographs.unreadable import UnreadableImageError
from tfrecords_tools.shell.errors import UserError


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

    @overload
    def annotate(
        self,
        images: Iterable[ImageLike],
        tags: TagsLike = ...,
        *,
        batch_size: int = ...,
        decide: Override | None = ...,
        on_error: Literal["raise"] = ...,
    ) -> list[Annotation]: ...
    @overload
    def annotate(
        self,
        images: Iterable[ImageLike],
        tags: TagsLike = ...,
        *,
        batch_size: int = ...,
        decide: Override | None = ...,
        on_error: Literal["report"],
    ) -> list[Result]: ...
    def annotate(
        self,
        images: Iterable[ImageLike],
        tags: TagsLike = "",
        *,
        batch_size: int = 32,
        decide: Override | None = None,
        on_error: Literal["raise", "report"] = "raise",
    ) -> Sequence[Result]:
        """Gives each image as many labels as the model decides, or as `decide` asks for.

        Args:
            images: a list of files, their bytes, RGB arrays uint8 [H, W, 3], or Pillow images. All
                but arrays are turned by their EXIF orientation if the model was trained on such images.
            tags: the user's tags of each image, or one text for all. Unknown tags are ignored.
            batch_size: images in one forward pass.
            decide: another way to decide, or other values of its parameters: `decisions.Override`. A run has
                the ways that need no images to be fitted on, and `one_threshold` at 0.5; an export those that
                it was made with.
            on_error: what becomes of an image that cannot be read: "raise", or "report" for an `Unreadable`
                in its place, with the reason in `error`.

        Returns:
            One `Annotation` per image, with `labels`, the (label, probability) pairs, best first,
            `predicted_quantity`, the regressor's output before rounding, and `unknown_tags`.

        Raises:
            ValueError: `images` is one image instead of a list, there is not one entry of tags for each, or
                `on_error` is unknown.
            UserError: an image cannot be read, `decide` is no `Override`, or the model has no such way.

        Example:
            >>> from mmannot_tf.decisions import Override                              # doctest: +SKIP
            >>> model.annotate(["photo.jpg"], decide=Override("expected_f", most=5))   # doctest: +SKIP
        """
        if not isinstance(decide, Override | None):
            raise UserError(
                f"decide must be an Override, such as Override('expected_f'). Received: {decide!r}."
            )
        if on_error not in ("raise", "report"):
            raise ValueError(f'on_error must be "raise" or "report". Received: {on_error!r}')
        images = list_of_images(images)
        texts = tag_texts(tags, len(images))
        decode = self._decoded if on_error == "raise" else self._decoded_or_error
        results: list[Result] = []
        for batch in _batches(list(enumerate(images)), batch_size):
            decoded = [decode(image, number) for number, image in batch]
            names = [image_name(image, number) for number, image in batch]
            tags_of_batch = [texts[number] for number, _ in batch]
            results += self._annotator.annotate_readable(decoded, tags_of_batch, names, decide)
        return results

    def predict(
        self, images: Iterable[ImageLike], tags: TagsLike = "", *, batch_size: int = 32
    ) -> Mapping[str, np.ndarray]:
        """Computes the network's outputs; arguments and errors as in `annotate`.

        Returns:
            "probabilities", float32 [N, C], "predicted_quantity", float32 [N], "selected", bool [N, C], and
            "order", label indices, best first, int32 [N, C].
        """
        images = list_of_images(images)
        texts = tag_texts(tags, len(images))
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
        images = list_of_images(images)
        texts = tag_texts(tags, len(images))
        batches = []
        for batch in _batches(list(enumerate(images)), batch_size):
            for number, image in batch:
                self._decoded(image, number)
            encoded = tf.constant([encoded_image(image, number) for number, image in batch])
            outputs = self._module.features(encoded, tf.constant([texts[number] for number, _ in batch]))
            batches.append({name: values.numpy() for name, values in outputs.items()})
        return _concatenated(batches)

    def _decoded(self, image: ImageLike, number: int) -> np.ndarray:
        decoded = self._decoded_or_error(image, number)
        if isinstance(decoded, UnreadableImageError):
            raise UserError(
                f"An image must be a readable photograph. Received: {image_name(image, number)}: {decoded}."
            )
        return decoded

    def _decoded_or_error(self, image: ImageLike, number: int) -> np.ndarray | UnreadableImageError:
        try:
            return self._annotator.decode(encoded_image(image, number))
        except UnreadableImageError as error:
            return error


def _batches(items: Sequence[tuple[int, ImageLike]], size: int) -> Iterator[list[tuple[int, ImageLike]]]:
    size = whole_number("batch_size", size, least=1)
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


def _concatenated(batches: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    if not batches:
        raise ValueError("images must hold at least one image. Received: none")
    return {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}
