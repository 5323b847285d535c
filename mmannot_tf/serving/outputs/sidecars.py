"""Keywords in an XMP file beside each photograph."""

from collections.abc import Sequence
from pathlib import Path

from mmannot_tf.serving.annotation import Result, Unreadable
from mmannot_tf.serving.inputs.photographs import Photograph
from mmannot_tf.serving.outputs.finished_images import FinishedImages
from mmannot_tf.serving.outputs.xmp import XmpPacket
from tfrecords_tools.shell.files import atomic_path


def sidecar_path(image: str) -> Path:
    """Returns IMAGE.jpg.xmp, which differs from the sidecars of IMAGE.png and of a raw file IMAGE."""
    return Path(f"{image}.xmp")


class Sidecars:
    """Writes the selected labels as keywords in IMAGE.jpg.xmp beside IMAGE.jpg.

    An existing sidecar is merged: its other contents and people's keywords are kept, keywords of an earlier
    annotation are replaced. A sidecar that is not XMP is left unchanged and reported as an error. A
    photograph is finished when its sidecar names this model; unreadable images are tried again.

    Attributes:
        already_done: the number of photographs that were finished before.
        earlier_errors: 0, because no sidecar holds an error.
    """

    def __init__(self, model: str):
        """`model` identifies the model that annotates."""
        self._model, self._finished, self.already_done, self.earlier_errors = model, FinishedImages(), 0, 0

    def wants(self, photograph: Photograph) -> bool:
        """Whether a photograph was not passed to `wants` before and its sidecar does not name this model."""
        if not self._finished.add(str(photograph)):
            return False
        try:
            done = XmpPacket(sidecar_path(str(photograph)).read_bytes()).model == self._model
        except (OSError, ValueError):
            return True
        self.already_done += done
        return not done

    def write(self, results: Sequence[Result]) -> list[Result]:
        """Writes the sidecars of a batch, each atomically."""
        return [self._written(result) for result in results]

    def close(self) -> None:
        """Frees the list of finished photographs."""
        self._finished.close()

    def _written(self, result: Result) -> Result:
        if isinstance(result, Unreadable):
            return result
        file = sidecar_path(result.image)
        try:
            packet = XmpPacket(file.read_bytes()) if file.exists() else XmpPacket()
            packet.set_keywords([label for label, _ in result.labels], self._model)
            with atomic_path(file) as staging:
                staging.write_bytes(packet.to_bytes())
        except ValueError as error:
            return Unreadable(result.image, result.tags, f"{file} is left unchanged: {error}")
        except OSError as error:
            return Unreadable(result.image, result.tags, f"{file}: {error.strerror}")
        return result
