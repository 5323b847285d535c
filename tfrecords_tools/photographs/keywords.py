"""The keywords that a photograph's own metadata hold: XMP, IPTC and EXIF in the file, and its sidecars.

All words count, each once: of XMP the fields of `keyword_fields.FIELDS`, of IPTC the keywords (2:25), of EXIF
Windows' XPKeywords. A path such as `places|beach` gives all its levels. Labels that an annotation added are
no keywords of the photograph, wherever a program has copied them to.
"""

import contextlib
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tfrecords_tools.photographs.embedded import EmbeddedMetadata, read_embedded
from tfrecords_tools.photographs.keyword_fields import added_labels, keywords
from tfrecords_tools.photographs.sidecars import SidecarFinder, read_sidecar
from tfrecords_tools.photographs.xmp import XmpPacket
from tfrecords_tools.shell.counted import counted

MAX_KEYWORDS = 1000
"""The number of keywords of one photograph that are read."""
MAX_CHARACTERS = 1000
"""A longer keyword is cut off."""

_SPACE = re.compile(r"[\x00-\x20\x7f-\x9f\s]+")


@dataclass(frozen=True)
class PhotographKeywords:
    """The keywords of a photograph.

    Attributes:
        words: each once, in one line, without control characters.
        annotated: the labels that an annotation added, which are not among the words.
        problems: damaged metadata that could not be read, a line each; none if the photograph is missing or
            no regular file.
    """

    words: tuple[str, ...] = ()
    annotated: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


class _Collector:
    """Collects the words and problems of one photograph."""

    def __init__(self) -> None:
        self._packets: list[XmpPacket] = []
        self._words: list[str] = []
        self._problems: list[str] = []

    @contextlib.contextmanager
    def problems_of(self, what: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._problems.append(f"{what}: {error.strerror or error}")
        except ValueError as error:
            self._problems.append(f"{what}: {error}")

    def add_file(self, what: str, image: bytes | Path) -> None:
        if isinstance(image, Path) and not image.is_file():
            return  # no metadata; what reads its pixels reports it
        embedded = EmbeddedMetadata()
        with self.problems_of(what), _opened(image) as file:
            embedded = read_embedded(file)
        self._problems += [f"{what}: {problem}" for problem in embedded.problems]
        for content in embedded.packets:
            with self.problems_of(f"XMP in {what}"):
                self.add_packet(content if b"\0" in content[:4] else content.strip(b"\0 \t\r\n"))
        self._words += [*embedded.iptc_keywords, *embedded.windows_keywords.split(";")]

    def add_packet(self, content: bytes) -> None:
        self._packets.append(XmpPacket(content))

    def result(self) -> PhotographKeywords:
        added = dict.fromkeys(label for packet in self._packets for label in added_labels(packet))
        found = [word for packet in self._packets for word in keywords(packet, without=added)]
        found += [word for word in self._words if word not in added]
        words = dict.fromkeys(cleaned(found))
        problems = self._problems
        if len(words) > MAX_KEYWORDS:
            problems = [*problems, f"only {MAX_KEYWORDS:,} of {len(words):,} keywords are read"]
        annotated = tuple(dict.fromkeys(cleaned(added)))[:MAX_KEYWORDS]
        return PhotographKeywords(tuple(words)[:MAX_KEYWORDS], annotated, tuple(problems))


def _opened(image: bytes | Path) -> BinaryIO:
    return io.BytesIO(image) if isinstance(image, bytes) else image.open("rb")


def cleaned(words: Iterable[str]) -> Iterator[str]:
    """Yields words in one line: white space and control characters become one blank; no empty words."""
    for word in words:
        if text := _SPACE.sub(" ", word[:MAX_CHARACTERS]).strip():
            yield text


def keyword_count(having: int, photographs: int) -> str:
    """How many of some photographs have keywords, in words.

    Example:
        >>> keyword_count(1, 4)
        '1 of 4 photographs has keywords of its own'
    """
    of_all = f"of {counted(photographs, 'photograph')}"
    return counted(having, f"{of_all} has keywords of its own", f"{of_all} have keywords of their own")


def read_keywords(photograph: Path, finder: SidecarFinder) -> PhotographKeywords:
    """Reads the keywords in a photograph and in its sidecars.

    Args:
        photograph: the file.
        finder: finds the sidecars; one for many photographs, since it remembers folders.
    """
    collector = _Collector()
    collector.add_file(photograph.name, photograph)
    for path in finder.find(photograph).usable:
        with collector.problems_of(path.name):
            collector.add_packet(read_sidecar(path) or b"")
    return collector.result()


def embedded_keywords(image: bytes | Path) -> PhotographKeywords:
    """Reads the keywords in an image, its bytes or its file; no sidecars."""
    collector = _Collector()
    collector.add_file("image" if isinstance(image, bytes) else image.name, image)
    return collector.result()
