"""Takes back the keywords that annotations wrote into sidecars."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mmannot_tf.serving.inputs.photographs import PhotographFile
from mmannot_tf.serving.outputs.sidecar_changes import change_line, keywords_of
from tfrecords_tools.photographs.keyword_fields import added_labels, model_of, remove_labels
from tfrecords_tools.photographs.keywords import embedded_keywords
from tfrecords_tools.photographs.sidecars import SidecarFinder, read_sidecar, write_sidecar
from tfrecords_tools.photographs.xmp import XmpPacket
from tfrecords_tools.shell.counted import counted


@dataclass
class Undone:
    """What was taken back.

    Attributes:
        photographs: the number of photographs that were looked at.
        changed: sidecars that hold other keywords, which stay.
        deleted: sidecars that held nothing else.
        errors: sidecars that were left as they are, and why.
    """

    photographs: int = 0
    changed: int = 0
    deleted: int = 0
    errors: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{counted(self.photographs, 'photograph')}: keywords taken back in "
            f"{counted(self.changed + self.deleted, 'sidecar')}; deleted, for nothing else was in them: "
            f"{self.deleted:,}"
        )


def undo(
    photographs: Iterable[PhotographFile],
    *,
    preview: bool = False,
    log: Callable[[str], None] = lambda line: None,
) -> Undone:
    """Removes from sidecars exactly the keywords that `annotate --format xmp` added.

    A keyword that a person gave too, before or after, stays, and so does one that was changed since. A
    sidecar that holds nothing else is deleted.

    Args:
        photographs: whose sidecars are looked at; photographs themselves are never written.
        preview: whether everything is left as it is, and only `log` says what would change.
        log: receives a line for each sidecar that changes.
    """
    finder, undone = SidecarFinder(), Undone()
    for photograph in photographs:
        undone.photographs += 1
        for file in finder.find(photograph.path).usable:
            try:
                for line in _taken_back(photograph.path, file, undone, preview):
                    log(line)
            except (ValueError, OSError) as error:
                undone.errors.append(f"{file} is left unchanged: {error}")
    return undone


def _taken_back(photograph: Path, file: Path, undone: Undone, preview: bool) -> Iterator[str]:
    """Changes or deletes a sidecar that names a model; yields a line on it."""
    content = read_sidecar(file)
    packet = XmpPacket(content) if content is not None else XmpPacket()
    if not model_of(packet) and not added_labels(packet):
        return
    before = keywords_of(packet)
    remove_labels(packet, elsewhere=embedded_keywords(photograph).words)
    is_deleted = packet.is_empty
    undone.deleted += is_deleted
    undone.changed += not is_deleted
    if not preview and is_deleted:
        file.unlink()
    elif not preview:
        write_sidecar(file, packet.to_bytes())
    yield change_line(file, before, keywords_of(packet)) + (", deleted" if is_deleted else "")
