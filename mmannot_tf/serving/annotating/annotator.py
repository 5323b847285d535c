"""Annotates photographs: decodes on threads while the engine computes, in batches, in order."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from mmannot_tf.data.tag_index import TagIndex
from mmannot_tf.decisions.override import UNCHANGED, Override
from mmannot_tf.serving.annotating.decoder import Decoder, open_decoder
from mmannot_tf.serving.annotating.decoding import DecodedPhotograph, decode_photographs
from mmannot_tf.serving.annotation import Annotation, Result, Unreadable
from mmannot_tf.serving.engines.catalogue import REFERENCE
from mmannot_tf.serving.engines.selection import EngineOptions, check_options, select_engine
from mmannot_tf.serving.inputs.photograph import Photograph
from mmannot_tf.serving.inputs.tag_source import TagSource
from mmannot_tf.serving.model import Model, check_override, decisions_of, open_model
from mmannot_tf.serving.network import Engine, NetworkInputs, NetworkOutputs
from tfrecords_tools.photographs.encoded import MAX_PIXELS
from tfrecords_tools.photographs.unreadable import UnreadableImageError

DEFAULT_ENGINE = EngineOptions()
PREFETCH = 3
"""The largest number of batches decoded before the engine needs them."""


class Annotator:
    """A model and the engine that runs it.

    Attributes:
        model: from `open_model`.
        engine: the engine; None until the first batch has selected it.
        decode: turns encoded bytes into pixels, for callers that do not read files.
        tags: finds tags in the model's vocabulary.
        override: how many labels images get; an empty one for what the model itself decides.
    """

    def __init__(
        self,
        model: Model,
        select: Callable[[NetworkInputs], Engine],
        override: Override = UNCHANGED,
        *,
        engine: str = REFERENCE,
    ):
        """Takes a function that returns the engine; it is called once, with the first batch.

        Args:
            model: from `open_model`.
            select: the function.
            override: how many labels images get.
            engine: the `EngineOptions.engine` by which it selects; the decoder depends on it.

        Raises:
            UserError: the model has no such way to decide.
        """
        check_override(model, override)
        self.model, self._select, self.override = model, select, override
        self._engine_name = engine
        self.engine: Engine | None = None
        self.decode = self.open_decoder()
        self.tags = TagIndex(model.tags, model.tag_rule)

    @classmethod
    def with_engine(
        cls,
        model: Model,
        options: EngineOptions,
        *,
        override: Override = UNCHANGED,
        log: Callable[[str], None],
    ) -> "Annotator":
        """Selects the engine by `options`; `log` receives the lines of `select_engine`."""
        return cls(
            model,
            lambda probe: select_engine(model, options, probe, log=log),
            override,
            engine=options.engine,
        )

    def open_decoder(self, *, max_pixels: int = MAX_PIXELS) -> Decoder:
        """Returns a decoder for the model and its engine; `max_pixels` as in `decoder.open_decoder`."""
        return open_decoder(self.model, self._engine_name, max_pixels=max_pixels)

    def inputs(self, pixels: Sequence[np.ndarray], tags: Sequence[str]) -> NetworkInputs:
        """Makes a batch of decoded images, each float32 [S, S, 3], and their comma-separated tags."""
        return NetworkInputs(np.stack(pixels), self.tag_lists(tags))

    def tag_lists(self, tags: Sequence[str]) -> np.ndarray:
        """Turns texts of several tags, one per image, into int32 [B, L]; unknown tags are ignored."""
        return self.tags.lists(self.tags.split(tags))

    def run(self, inputs: NetworkInputs) -> NetworkOutputs:
        """Runs the engine on a batch; the first batch also selects the engine."""
        if self.engine is None:
            self.engine = self._select(inputs)
        return self.engine(inputs)

    def decided(
        self, outputs: NetworkOutputs, tag_lists: np.ndarray, override: Override | None = None
    ) -> NetworkOutputs:
        """The outputs with the labels that an override selects.

        Args:
            outputs: of `run`.
            tag_lists: the images' tags, int32 [B, L].
            override: None for this annotator's own; one goes before its values.

        Raises:
            UserError: the model has no such way to decide.
        """
        override = self._with_own(override)
        if override == UNCHANGED:
            return outputs
        return decisions_of(self.model).select(outputs, np.any(tag_lists >= 0, axis=1), override)

    def decides(self, override: Override | None = None) -> dict[str, str]:
        """The names of the ways that decide, as of `Decisions.names`; none for an export without ways."""
        decisions = self.model.decisions
        return {} if decisions is None else decisions.names(self._with_own(override))

    def calibrated(
        self, outputs: NetworkOutputs, tag_lists: np.ndarray, override: Override | None = None
    ) -> np.ndarray:
        """The probabilities as the deciding way reads them, float32 [B, C]; arguments as for `decided`."""
        override = self._with_own(override)
        return decisions_of(self.model).calibrated(outputs, np.any(tag_lists >= 0, axis=1), override)

    def _with_own(self, override: Override | None) -> Override:
        return self.override if override is None else override.over(self.override)

    def annotate(
        self,
        pixels: Sequence[np.ndarray],
        tags: Sequence[str],
        images: Sequence[str],
        override: Override | None = None,
    ) -> list[Annotation]:
        """Annotates one batch of decoded images.

        Args:
            pixels: of each image, float32 [S, S, 3].
            tags: of each image, comma-separated.
            images: their names in the annotations.
            override: how many labels images get; None for this annotator's own.
        """
        words = self.tags.split(tags)
        inputs = NetworkInputs(np.stack(pixels), self.tags.lists(words))
        outputs = self.decided(self.run(inputs), inputs.tag_lists, override)
        return [
            Annotation.from_outputs(
                outputs,
                row,
                labels=self.model.labels,
                image=image,
                tags=text,
                unknown_tags=self.tags.unknown(words[row]),
            )
            for row, (image, text) in enumerate(zip(images, tags, strict=True))
        ]

    def annotate_readable(
        self,
        decoded: Sequence[np.ndarray | UnreadableImageError],
        tags: Sequence[str],
        images: Sequence[str],
        override: Override | None = None,
    ) -> list[Result]:
        """Annotates those images of a batch that could be decoded; the others keep their places.

        Args:
            decoded: pixels of each image, float32 [S, S, 3], or why it cannot be read.
            tags: as for `annotate`; so the next ones.
            images: their names.
            override: how many labels images get.
        """
        readable = [
            (pixels, text, name)
            for pixels, text, name in zip(decoded, tags, images, strict=True)
            if not isinstance(pixels, UnreadableImageError)
        ]
        annotations: Iterator[Annotation] = iter(())
        if readable:
            pixels_of, texts, names = zip(*readable, strict=True)
            annotations = iter(self.annotate(pixels_of, texts, names, override))
        return [
            Unreadable(name, text, str(pixels))
            if isinstance(pixels, UnreadableImageError)
            else next(annotations)
            for pixels, text, name in zip(decoded, tags, images, strict=True)
        ]

    def annotate_files(
        self,
        photographs: Iterable[Photograph],
        *,
        tags: TagSource | str,
        batch_size: int,
    ) -> Iterator[list[Result]]:
        """Annotates files batch by batch; memory does not grow with their number.

        Args:
            photographs: iterated as batches are requested.
            tags: comma-separated tags for all photographs, or a source of tags for each.
            batch_size: readable images per forward pass.

        Yields:
            The results of one batch, in the photographs' order, including the unreadable ones.
        """
        batch: list[DecodedPhotograph] = []
        readable = 0
        for decoded in decode_photographs(photographs, self.decode, prefetch=PREFETCH * batch_size):
            batch.append(decoded)
            readable += not isinstance(decoded.pixels, UnreadableImageError)
            if readable == batch_size or len(batch) >= PREFETCH * batch_size:
                yield self._results(batch, tags)
                batch, readable = [], 0
        if batch:
            yield self._results(batch, tags)

    def _results(self, batch: Sequence[DecodedPhotograph], tags: TagSource | str) -> list[Result]:
        names = [str(decoded.photograph) for decoded in batch]
        texts = [tags if isinstance(tags, str) else tags.get(decoded.photograph) for decoded in batch]
        return self.annotate_readable([decoded.pixels for decoded in batch], texts, names)


def open_annotator(
    path: Path,
    options: EngineOptions = DEFAULT_ENGINE,
    *,
    log: Callable[[str], None] = lambda line: None,
) -> Annotator:
    """Opens a run or an export, by default with TensorFlow as its engine.

    Args:
        path: a run, an export's version folder, or an export's folder, which opens its highest version.
        options: the engine; a run supports TensorFlow only.
        log: receives a line on each engine tried, when the first batch selects the engine.

    Raises:
        UserError: `path` is neither a run nor an export, or the engine is unknown.
    """
    check_options(options)
    return Annotator.with_engine(open_model(path), options, log=log)
