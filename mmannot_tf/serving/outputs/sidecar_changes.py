"""What writing or undoing changes in the keywords of a sidecar, in words."""

from pathlib import Path

from tfrecords_tools.photographs.keyword_fields import SUBJECT
from tfrecords_tools.photographs.xmp import XmpPacket


def keywords_of(packet: XmpPacket | None) -> list[str]:
    """The words of `dc:subject`; none without a packet."""
    return [] if packet is None else packet.values(SUBJECT.name)


def change_line(file: Path, before: list[str], after: list[str]) -> str:
    """One line: `beach.jpg.xmp: + sky, sea; - tree`, or that the keywords stay as they are."""
    added = [word for word in after if word not in before]
    removed = [word for word in before if word not in after]
    parts = [f"{sign} {', '.join(words)}" for sign, words in (("+", added), ("-", removed)) if words]
    return f"{file}: {'; '.join(parts) or 'unchanged'}"
