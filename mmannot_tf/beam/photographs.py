"""The photographs that a pipeline annotates: their bytes, or where a worker reads them. Imports no Beam."""

from dataclasses import dataclass
from pathlib import Path

from tfrecords_tools.photographs.regular_files import bounded_content, read_photograph
from tfrecords_tools.photographs.unreadable import MISSING, UnreadableImageError
from tfrecords_tools.shell.errors import one_line


@dataclass(frozen=True)
class Photograph:
    """A photograph in memory.

    Attributes:
        content: the bytes of its file, of a format of `tfrecords_tools.photographs.formats`.
        tags: comma-separated.
    """

    content: bytes
    tags: str = ""

    def read(self) -> bytes:
        """The bytes."""
        return self.content

    def __len__(self) -> int:
        return len(self.content)


@dataclass(frozen=True)
class StoredPhotograph:
    """A photograph that the worker which annotates it reads, so that no other worker handles its bytes.

    Attributes:
        path: a path that workers see, or a URL of one of Beam's file systems.
        tags: comma-separated.
    """

    path: str
    tags: str = ""

    def read(self) -> bytes:
        """The bytes.

        Raises:
            UnreadableImageError: as of `read_photograph`.
        """
        return _read_url(self.path) if "://" in self.path else read_photograph(Path(self.path))

    def __len__(self) -> int:
        return len(self.path)


def _read_url(url: str) -> bytes:
    """Reads a photograph through Beam's file systems.

    Clients of object stores have errors of their own classes. Those that are no `OSError` pass, so that the
    runner tries again: a lost connection must not become the record of a finished photograph.
    """
    from apache_beam.io.filesystem import CompressionTypes
    from apache_beam.io.filesystems import FileSystems

    try:
        with FileSystems.open(url, compression_type=CompressionTypes.UNCOMPRESSED) as file:
            return bounded_content(file)
    except UnreadableImageError:
        raise
    except Exception as error:
        if not FileSystems.exists(url):
            raise UnreadableImageError(MISSING) from None
        if isinstance(error, OSError):
            raise UnreadableImageError(one_line(error)) from None
        raise
