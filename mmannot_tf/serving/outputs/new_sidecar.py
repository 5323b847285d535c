"""A new XMP sidecar for labels of a photograph."""

from collections.abc import Sequence

from tfrecords_tools.photographs.keyword_fields import SUBJECT, set_labels
from tfrecords_tools.photographs.xml_document import xml_text
from tfrecords_tools.photographs.xmp import XmpPacket


def new_sidecar(labels: Sequence[str], model: str, *, given: Sequence[str] = ()) -> bytes:
    """Returns what `Sidecars` writes beside a photograph that has no sidecar and no keywords.

    Args:
        labels: those of the model, which a later annotation replaces and `--undo` removes.
        model: identifies the model.
        given: labels that a person gave; they are that person's keywords.
    """
    packet = XmpPacket()
    texts = list(dict.fromkeys(map(xml_text, given)))
    packet.change_items(SUBJECT.name, removed=(), added=texts, kind=SUBJECT.kind)
    set_labels(packet, labels, model)
    return packet.to_bytes()
