"""Keywords in an XMP file beside each photograph."""

from collections.abc import Callable, Sequence
from pathlib import Path

from mmannot_tf.serving.annotation import Annotation, Result, Unreadable
from mmannot_tf.serving.inputs.photograph import Photograph
from mmannot_tf.serving.outputs.finished_images import FinishedImages
from mmannot_tf.serving.outputs.output import EarlierAnnotation
from mmannot_tf.serving.outputs.sidecar_changes import change_line, keywords_of
from tfrecords_tools.photographs.keyword_fields import model_of, set_labels
from tfrecords_tools.photographs.keywords import embedded_keywords
from tfrecords_tools.photographs.sidecars import SidecarFinder, SidecarName, read_sidecar, write_sidecar
from tfrecords_tools.photographs.xmp import EMPTY, XmpPacket
from tfrecords_tools.shell.console import notice
from tfrecords_tools.shell.counted import counted
from tfrecords_tools.shell.errors import UserError

MAX_NOTED = 20
"""The number of photographs with two possible sidecars that are named; the others are counted."""


class Sidecars:
    """Writes the selected labels as keywords in the XMP file beside a photograph.

    An existing photo.jpg.xmp or photo.xmp is merged: its other contents and people's keywords stay, labels of
    an earlier annotation are replaced. A sidecar that cannot be merged safely is left unchanged and reported
    as an error. A photograph is finished when its sidecar names this model; unreadable images are tried
    again.

    Attributes:
        already_done: the number of photographs that were finished before.
        earlier_errors: 0, because no sidecar holds an error.
    """

    def __init__(
        self,
        model: str,
        name: SidecarName = "full",
        log: Callable[[str], None] = notice,
        preview: Callable[[str], None] | None = None,
    ):
        """Creates the output.

        Args:
            model: identifies the model that annotates.
            name: of new sidecars.
            log: receives a line for a photograph with two possible sidecars.
            preview: receives a line on what would change in each sidecar; nothing is written then.
        """
        self._model, self._finished, self.already_done, self.earlier_errors = model, FinishedImages(), 0, 0
        self._finder, self._log, self._noted = SidecarFinder(name), log, 0
        self._preview = preview

    def wants(self, photograph: Photograph) -> bool:
        """Whether a photograph was not passed to `wants` before and its sidecar does not name this model."""
        if not self._finished.add(str(photograph)):
            return False
        try:
            content = read_sidecar(self._finder.path_to_write(_file_of(photograph)))
            done = content is not None and model_of(XmpPacket(content)) == self._model
        except (OSError, ValueError):
            return True
        self.already_done += done
        return not done

    def earlier(self, photograph: Photograph) -> EarlierAnnotation | None:
        """When the sidecar was written; it does not keep the tags."""
        try:
            status = self._finder.path_to_write(_file_of(photograph)).stat()
        except OSError:
            return None
        return EarlierAnnotation(None, status.st_mtime)

    def write(self, results: Sequence[Result]) -> list[Result]:
        """Writes the sidecars of a batch, each atomically."""
        return [self._written(result) for result in results]

    def close(self) -> None:
        """Frees the list of finished photographs."""
        self._finished.close()
        if self._noted > MAX_NOTED:
            more = counted(self._noted - MAX_NOTED, "more photograph has", "more photographs have")
            self._log(f"note: {more} two possible sidecars")

    def _written(self, result: Result) -> Result:
        if isinstance(result, Unreadable):
            return result
        photograph = Path(result.image)
        file = self._finder.path_to_write(photograph)
        try:
            self._merge(photograph, file, result)
        except ValueError as error:
            return Unreadable(result.image, result.tags, f"{file} is left unchanged: {error}")
        except OSError as error:
            return Unreadable(result.image, result.tags, f"{file}: {error.strerror}")
        self._note_others(photograph, file)
        return result

    def _merge(self, photograph: Path, file: Path, annotation: Annotation) -> None:
        before = read_sidecar(file)
        packet = XmpPacket(EMPTY if before is None else before)
        words = keywords_of(packet)
        theirs = embedded_keywords(photograph).words
        set_labels(packet, [label for label, _ in annotation.labels], self._model, elsewhere=theirs)
        after = packet.to_bytes()
        if self._preview is not None:
            self._preview(change_line(file, words, keywords_of(packet)))
        elif after != before:
            write_sidecar(file, after)

    def _note_others(self, photograph: Path, file: Path) -> None:
        """Says which existing sidecar of a photograph is not used."""
        found = self._finder.find(photograph)
        if found.stem is None or found.stem == file:
            return
        self._noted += 1
        if self._noted <= MAX_NOTED:
            reason = "may belong to another photograph" if found.shares_stem else "exists too and is left"
            self._log(f"note: {photograph}: keywords are in {file.name}; {found.stem.name} {reason}")


def _file_of(photograph: Photograph) -> Path:
    """The file that a sidecar stands beside.

    Raises:
        UserError: the photograph is elsewhere.
    """
    if photograph.path is None:
        raise UserError(
            f"--format xmp writes beside photographs of this machine. Received: {photograph}. Name a file "
            "with --out instead."
        )
    return photograph.path
