"""Beam's RunInference with an export of ours."""

import logging
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from apache_beam.ml.inference.base import ModelHandler

from mmannot_tf.beam.exports import local_copy
from mmannot_tf.beam.photographs import Photograph, StoredPhotograph
from mmannot_tf.decisions.override import UNCHANGED, Override
from mmannot_tf.serving.annotation import Result
from mmannot_tf.serving.engines.selection import EngineOptions, needs_tensorflow
from mmannot_tf.serving.model import open_model
from tfrecords_tools.shell.tensorflow_logging import import_tensorflow

if TYPE_CHECKING:
    from mmannot_tf.beam.shared_annotator import SharedAnnotator

    Base = ModelHandler[Photograph | StoredPhotograph, Result, SharedAnnotator]
else:
    Base = ModelHandler

BATCH_SIZE = 16
DEFAULT_ENGINE = EngineOptions()


class AnnotatorHandler(Base):
    """Loads an export once in a worker process, for all of its threads.

    Beam's own TensorFlow handler stacks its inputs and loads through `tf.keras` and `tensorflow_hub`, so it
    takes neither photographs of several sizes nor an export under Keras 3. This one decodes photographs in
    `run_inference`. The model stays in the process that uses it: Beam's `share_model_across_processes`, the
    argument `large_model` of other handlers, would move it into a process behind a proxy.
    """

    def __init__(
        self,
        export: str,
        *,
        engine: EngineOptions = DEFAULT_ENGINE,
        decide: Override = UNCHANGED,
        batch_size: int = BATCH_SIZE,
        max_batch_seconds: int | None = None,
    ):
        """Makes a handler; `transform.Annotate` documents the arguments."""
        super().__init__(
            min_batch_size=batch_size, max_batch_size=batch_size, max_batch_duration_secs=max_batch_seconds
        )
        self._export, self._engine, self._decide = export, engine, decide

    def load_model(self) -> "SharedAnnotator":
        """Opens the export, which is copied to this machine first if it is in object storage."""
        model = open_model(local_copy(self._export))
        if needs_tensorflow(model, self._engine.engine):
            import_tensorflow()

        from mmannot_tf.beam.shared_annotator import SharedAnnotator
        from mmannot_tf.serving.annotating.annotator import Annotator

        log = logging.getLogger(__name__).info
        return SharedAnnotator(Annotator.with_engine(model, self._engine, override=self._decide, log=log))

    def run_inference(
        self,
        batch: Sequence[Photograph | StoredPhotograph],
        model: "SharedAnnotator",
        inference_args: dict[str, Any] | None = None,
    ) -> Iterable[Result]:
        """Annotates a batch; the results have empty names, and are in the photographs' order."""
        return model.annotate(batch)

    def get_num_bytes(self, batch: Sequence[Photograph | StoredPhotograph]) -> int:
        """The size of a batch, without the copy that Beam's own count makes."""
        return sum(map(len, batch))

    def get_metrics_namespace(self) -> str:
        """The namespace of RunInference's metrics."""
        return "mmannot"
