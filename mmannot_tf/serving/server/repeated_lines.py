"""The server's log, in which no client can repeat a line without end."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

OWN_LOGGER = "mmannot_tf.serving.server"
LOGGERS = ("uvicorn", "asyncio", "python_multipart", OWN_LOGGER)
MAX_LINES = 5
WINDOW_SECONDS = 60.0
MAX_KINDS = 200
"""The number of kinds that are remembered; then all counts start again."""


@dataclass
class _Count:
    since: float
    lines: int = 0


class RepeatedLines(logging.Filter):
    """Passes five lines of one kind a minute, and says how many it left out.

    Lines are of one kind if they come from one logger with one message, before values are filled in.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        """`clock` returns seconds."""
        super().__init__()
        self._clock = clock
        self._counts: dict[tuple[str, int, str], _Count] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a line is written."""
        now = self._clock()
        kind = (record.name, record.levelno, str(record.msg).partition("\n")[0][:100])
        count = self._counts.get(kind)
        if count is None or now - count.since >= WINDOW_SECONDS:
            left_out = max(0, count.lines - MAX_LINES) if count else 0
            if len(self._counts) >= MAX_KINDS:
                self._counts.clear()
            count = self._counts[kind] = _Count(now)
            if left_out:
                record.msg, record.args = f"{record.getMessage()} ({left_out:,} such lines were left out)", ()
        count.lines += 1
        return count.lines <= MAX_LINES


def set_up_log(level: str) -> None:
    """Writes the server's lines to stderr through `RepeatedLines`.

    Args:
        level: the lowest level of its own lines, a name of `logging`. Libraries write from "warning" on, with
            "debug" from "info" on.
    """
    own = logging.getLevelNamesMapping()[level.upper()]
    others = logging.INFO if own < logging.INFO else max(own, logging.WARNING)
    handler = logging.StreamHandler()
    handler.addFilter(RepeatedLines())
    for name in LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(own if name == OWN_LOGGER else others)
