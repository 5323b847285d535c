"""Keywords in a file beside each photograph. No TensorFlow."""

from collections.abc import Sequence
from pathlib import Path

from mmannot_tf.serving.annotation import Result, Unread
from mmannot_tf.serving.outputs.finished import Finished
from mmannot_tf.serving.outputs.xmp import Packet
from mmannot_tf.serving.photographs import Photograph
from tfrecords_tools.shell.files import aside


def sidecar(image: str) -> Path:
    """IMAGE.jpg.xmp: the name that tells IMAGE.jpg from IMAGE.png and from a raw file's IMAGE.xmp."""
    return Path(f"{image}.xmp")


class Sidecars:
    """The selected labels as keywords, in IMAGE.jpg.xmp beside IMAGE.jpg.

    A sidecar that is there is merged with: its other contents and people's keywords stay, keywords of an
    earlier annotation are replaced. One that is no XMP is left as it is and told as an error. A photograph is
    done when its sidecar says that this model annotated it; images that could not be read are tried again.

    Attributes:
        earlier: photographs that were done so far.
    """

    def __init__(self, model: str):
        """`model` says what annotates."""
        self._model, self._finished, self.earlier = model, Finished(), 0

    def wants(self, photograph: Photograph) -> bool:
        """Whether a photograph was not asked for before and its sidecar is not this model's."""
        if not self._finished.add(str(photograph)):
            return False
        try:
            done = Packet(sidecar(str(photograph)).read_bytes()).model == self._model
        except (OSError, ValueError):
            return True
        self.earlier += done
        return not done

    def write(self, results: Sequence[Result]) -> list[Result]:
        """Writes the sidecars of a batch, each aside and renamed."""
        return [self._written(result) for result in results]

    def close(self) -> None:
        """Frees what is remembered."""
        self._finished.close()

    def _written(self, result: Result) -> Result:
        if isinstance(result, Unread):
            return result
        file = sidecar(result.image)
        try:
            packet = Packet(file.read_bytes()) if file.exists() else Packet()
            packet.set_keywords([label for label, _ in result.labels], self._model)
            with aside(file) as staging:
                staging.write_bytes(packet.to_bytes())
        except ValueError as error:
            return Unread(result.image, result.tags, f"{file} is left as it is: {error}")
        except OSError as error:
            return Unread(result.image, result.tags, f"{file}: {error.strerror}")
        return result
