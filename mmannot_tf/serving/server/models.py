"""All models of a server, and what looks for their new versions."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from mmannot_tf.serving.annotating.annotator import Annotator
from mmannot_tf.serving.server.decoding_threads import DecodingThreads
from mmannot_tf.serving.server.limits import Limits
from mmannot_tf.serving.server.metrics import Metrics
from mmannot_tf.serving.server.model_versions import LiveModel, ModelVersion
from mmannot_tf.serving.server.served_model import NewVersions, ServedModel, warm
from mmannot_tf.serving.server.version_watcher import VersionWatcher


class Models:
    """The served models; they decode on the same threads.

    Attributes:
        by_name: the models by their names in paths.
        first: the one that the page and the forms use.
    """

    def __init__(
        self, served: Sequence[ServedModel], limits: Limits, metrics: Metrics, *, watch_seconds: float
    ):
        """Looks for new versions every so many seconds, unless these are 0."""
        self._limits, self._metrics = limits, metrics
        self._decoding = DecodingThreads(limits)
        self.by_name = {
            model.name: LiveModel(model.name, self._version(model.name, model.annotator), metrics)
            for model in served
        }
        self.first = self.by_name[served[0].name]
        self._watchers = [
            self._watcher(self.by_name[model.name], model.new, watch_seconds)
            for model in served
            if model.new is not None and watch_seconds
        ]

    @property
    def alive(self) -> bool:
        """Whether all models accept images."""
        return all(model.current.predictor.batcher.alive for model in self.by_name.values())

    async def start(self) -> None:
        """Starts to answer, and to look for new versions."""
        for model in self.by_name.values():
            await model.start()
        for watcher in self._watchers:
            watcher.start(asyncio.get_running_loop())

    async def stop(self) -> None:
        """Stops; all requests must be answered before."""
        for watcher in self._watchers:
            await watcher.stop()
        for model in self.by_name.values():
            await model.stop()
        self._decoding.stop()

    def _version(self, name: str, annotator: Annotator) -> ModelVersion:
        return ModelVersion(
            name, annotator, limits=self._limits, metrics=self._metrics, decoding=self._decoding
        )

    def _watcher(self, model: LiveModel, new: NewVersions, seconds: float) -> VersionWatcher:
        def open_version(folder: Path) -> ModelVersion:
            return self._version(model.name, warm(new.open(folder)))

        return VersionWatcher(model, new.folder, open_version, seconds=seconds)
