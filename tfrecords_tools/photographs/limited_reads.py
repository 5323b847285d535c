"""A file in memory whose reader is stopped when it takes too long."""

import io
import time

MAX_READS = 1 << 16
"""Readers read each part of a file apart, and a photograph has some thousand."""
BMP, READS_PER_BYTE = b"BM", 2
"""A BMP of runs has a part for every two bytes. `MAX_SECONDS` bounds the whole."""
MAX_SECONDS = 5.0
"""Of processor time of the reading thread, up to the last read: a large TIFF takes one second."""


class LimitedReads(io.BytesIO):
    """Raises an error at the read that is one too many, or comes too late.

    Files can be made that keep a reader busy for minutes, as a GIF of a million comments.
    """

    def __init__(self, content: bytes):
        """Starts the clock."""
        super().__init__(content)
        self._reads, self._started = 0, time.thread_time()
        parts = READS_PER_BYTE * len(content) if content.startswith(BMP) else 0
        self._max_reads = max(MAX_READS, parts)

    def read(self, size: int | None = -1, /) -> bytes:
        """Reads.

        Raises:
            OSError: reading takes too long.
        """
        self._reads += 1
        if self._reads > self._max_reads or time.thread_time() - self._started > MAX_SECONDS:
            raise OSError("its parts take too long to read")
        return super().read(size)
