"""Photographs through a model: decoded on threads while the engine computes, in batches, in order."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from mmannot_tf.data.tags import indices_of, split_tags, tag_lists, tag_table
from mmannot_tf.serving.annotation import Annotation, Result, Unread, annotation
from mmannot_tf.serving.engines.kinds import REFERENCE, open_engine
from mmannot_tf.serving.model import Model, open_model
from mmannot_tf.serving.network import Engine, NetworkInputs, NetworkOutputs
from mmannot_tf.serving.photographs import Photograph
from mmannot_tf.serving.reading import Decoder, Reading, readings
from mmannot_tf.serving.tags_file import TagsFile

AHEAD = 3
"""Batches that are decoded ahead of the engine, at most."""


class Annotator:
    """A model with the engine that runs it.

    Attributes:
        model: from `open_model`.
        engine: the engine; None until the first batch has chosen it.
        decode: encoded bytes to pixels, for whoever does not read files.
    """

    def __init__(self, model: Model, choose: Callable[[NetworkInputs], Engine]):
        """`choose` is called once, with the first batch."""
        self.model, self._choose = model, choose
        self.engine: Engine | None = None
        self.decode = Decoder(size=model.image_size, sampling=model.resize)
        self._tags = tag_table(model.tags)

    def inputs(self, pixels: Sequence[np.ndarray], tags: Sequence[str]) -> NetworkInputs:
        """A batch from decoded images, each float32 [S, S, 3], and their comma-separated tags."""
        return NetworkInputs(np.stack(pixels), self.tag_lists(tags))

    def tag_lists(self, tags: Sequence[str]) -> np.ndarray:
        """Comma-separated tags, a text an image, as int32 [B, L]; unknown ones are passed over."""
        return tag_lists(self._indices(tags)[1], len(self.model.tags)).numpy()

    def unknown_tags(self, tags: str) -> list[str]:
        """Those of comma-separated tags that the model does not know, as it reads them."""
        words, indices = (ragged[0] for ragged in self._indices([tags]))
        unknown = tf.boolean_mask(words, (indices < 0) & (words != "")).numpy()
        return [word.decode("utf-8", "replace") for word in unknown]

    def _indices(self, tags: Sequence[str]) -> tuple[tf.RaggedTensor, tf.RaggedTensor]:
        """Tags as the model reads them, and their places in its vocabulary; both [B, None]."""
        words = split_tags(tf.constant(tags, tf.string))
        return words, indices_of(words, self._tags)

    def run(self, inputs: NetworkInputs) -> NetworkOutputs:
        """Runs the engine on a batch; the first one also chooses it."""
        if self.engine is None:
            self.engine = self._choose(inputs)
        return self.engine(inputs)

    def annotate(
        self, pixels: Sequence[np.ndarray], tags: Sequence[str], images: Sequence[str]
    ) -> list[Annotation]:
        """Annotates one batch of decoded images; `images` are what the answers call them."""
        outputs = self.run(self.inputs(pixels, tags))
        return [
            annotation(outputs, row, labels=self.model.labels, image=image, tags=text)
            for row, (image, text) in enumerate(zip(images, tags, strict=True))
        ]

    def annotate_files(
        self,
        photographs: Iterable[Photograph],
        *,
        tags: TagsFile | str,
        batch_size: int,
    ) -> Iterator[list[Result]]:
        """Annotates files, a batch at a time; memory does not grow with their number.

        Args:
            photographs: taken from as batches are asked for.
            tags: comma-separated tags, the same ones for all, or from a file.
            batch_size: readable images a forward pass.

        Yields:
            The results of one batch, in the photographs' order, the unreadable ones among them.
        """
        batch: list[Reading] = []
        readable = 0
        for reading in readings(photographs, self.decode, ahead=AHEAD * batch_size):
            batch.append(reading)
            readable += reading.pixels is not None
            if readable == batch_size or len(batch) >= AHEAD * batch_size:
                yield self._results(batch, tags)
                batch, readable = [], 0
        if batch:
            yield self._results(batch, tags)

    def _results(self, batch: Sequence[Reading], tags: TagsFile | str) -> list[Result]:
        texts = [tags if isinstance(tags, str) else tags.get(one.photograph) for one in batch]
        read = [(one, text) for one, text in zip(batch, texts, strict=True) if one.pixels is not None]
        annotated: Iterator[Annotation] = iter(())
        if read:
            images = [str(one.photograph) for one, _ in read]
            pixels = [one.pixels for one, _ in read]
            annotated = iter(self.annotate(pixels, [text for _, text in read], images))
        return [
            next(annotated) if one.pixels is not None else Unread(str(one.photograph), text, one.error)
            for one, text in zip(batch, texts, strict=True)
        ]


def open_annotator(path: Path) -> Annotator:
    """An annotator on a run or an export, run by TensorFlow.

    Raises:
        UserError: `path` is neither.
    """
    model = open_model(path)
    return Annotator(model, lambda _: open_engine(REFERENCE, model, "float32"))
