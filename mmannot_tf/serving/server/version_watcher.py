"""Looks for new versions of an export, and lets the newest answer without a request lost."""

import asyncio
import logging
import threading
from collections.abc import Callable
from pathlib import Path

from mmannot_tf.serving.model import versions, written_versions
from mmannot_tf.serving.server.garbage import collect_again
from mmannot_tf.serving.server.model_versions import LiveModel, ModelVersion
from tfrecords_tools.shell.errors import one_line
from tfrecords_tools.shell.files import FileState, file_state

LOG = logging.getLogger(__name__)


class VersionWatcher:
    """A thread that opens new versions while the loaded one answers.

    A version is new if its number is higher than that of the loaded one. One that cannot be opened is named
    in the log once, and tried again when its files have changed. The loaded version goes on answering when
    its folder disappears: an older one never takes its place.
    """

    def __init__(
        self,
        model: LiveModel,
        folder: Path,
        open_version: Callable[[Path], ModelVersion],
        *,
        seconds: float,
    ):
        """Looks into `folder` every so many seconds.

        Args:
            model: gets the new versions.
            folder: of the numbered versions.
            open_version: opens a version's folder, with its engine ready; called on this object's thread.
            seconds: between two looks.
        """
        self._model, self._folder, self._open, self._seconds = model, folder, open_version, seconds
        self._refused: dict[Path, frozenset[FileState]] = {}
        self._told: set[str] = set()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Starts to look; `loop` is the one on which the model answers."""
        self._thread = threading.Thread(target=self._watch, args=(loop,), name="versions", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """Stops; a version that is being opened is left out."""
        self._stopping.set()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        while not self._stopping.wait(self._seconds):
            new = self._newest()
            if new is None or self._stopping.is_set():
                continue
            LOG.info("%s: version %s answers from now on", self._model.name, new.number)
            asyncio.run_coroutine_threadsafe(self._model.replace(new), loop).result()
            del new
            self._told.clear()
            collect_again()

    def _newest(self) -> ModelVersion | None:
        """Opens the highest version that is new and can be opened; None if there is none."""
        loaded = int(self._model.current.number)
        try:
            here, written = versions(self._folder), written_versions(self._folder)
        except OSError as error:
            self._warn(f"{self._folder} cannot be read ({error.strerror})")
            return None
        if loaded not in here:
            self._warn(f"{self._folder} no longer holds it")
        for number in sorted(written, reverse=True):
            if number > loaded and (new := self._opened(written[number])) is not None:
                return new
        return None

    def _opened(self, folder: Path) -> ModelVersion | None:
        """Opens a version, unless that failed before and its files are as they were."""
        state = _state(folder)
        if self._refused.get(folder) == state:
            return None
        try:
            return self._open(folder)
        except Exception as error:
            self._refused[folder] = state
            self._warn(f"version {folder.name} cannot be opened: {one_line(error)}")
            return None

    def _warn(self, problem: str) -> None:
        """Writes a line once, until another version answers."""
        if problem not in self._told:
            self._told.add(problem)
            LOG.warning("%s: version %s goes on: %s", self._model.name, self._model.current.number, problem)


def _state(folder: Path) -> frozenset[FileState]:
    try:
        return frozenset(file_state(file) for file in folder.rglob("*") if file.is_file())
    except OSError:  # it is being written or removed
        return frozenset()
