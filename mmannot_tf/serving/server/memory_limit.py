"""Bounds the memory of a server: what is left beside its models is shared out to requests."""

import os
from dataclasses import replace
from pathlib import Path

from mmannot_tf.serving.server.errors import RequestError
from mmannot_tf.serving.server.limits import MEGAPIXEL, MIB, Limits
from tfrecords_tools.shell.errors import UserError

GIB = 1024 * MIB
STATM = Path("/proc/self/statm")
LEAST_SPARE = 512 * MIB
"""What requests need beside the models: half of it decodes a photograph of 17 megapixels."""
BYTES_PER_PIXEL = 15
"""Of an image that is decoded, at its peak (measured)."""


class MemoryLimit:
    """The most memory that the process may have; without a number, as much as there is."""

    def __init__(self, most_bytes: int | None):
        """`most_bytes` counts resident memory.

        Raises:
            UserError: the system does not say how much memory a process has.
        """
        if most_bytes is not None and not STATM.exists():
            raise UserError(f"--memory-limit needs Linux's {STATM}. Received: a system without it.")
        self._most = most_bytes

    def limits(self, limits: Limits) -> Limits:
        """Lowers the limits that memory follows from, once the models are loaded.

        Half of what is left is for images that are decoded, a quarter for the bodies of requests; the rest
        is for their parsed JSON and for forward passes.

        Raises:
            UserError: too little is left for requests.
        """
        if self._most is None:
            return limits
        models = resident_bytes()
        spare = self._most - models
        if spare < LEAST_SPARE:
            least = (models + LEAST_SPARE) / GIB
            raise UserError(
                f"--memory-limit must leave {LEAST_SPARE // MIB} MiB for requests beside the models: "
                f"{least:.1f} GiB or more. Received: {self._most / GIB:g} GiB."
            )
        pixels = spare // 2 // BYTES_PER_PIXEL
        return replace(
            limits,
            pixels=min(limits.pixels, pixels),
            decoding_pixels=min(limits.decoding_pixels, pixels),
            held_bytes=min(limits.held_bytes, spare // 4),
            body_bytes=min(limits.body_bytes, spare // 32),
        )

    def describe(self, limits: Limits) -> str:
        """What the lowered limits allow, for the log."""
        return (
            f"memory: {resident_bytes() / GIB:.1f} GiB are used before requests; at most "
            f"{limits.pixels // MEGAPIXEL} megapixels an image and {limits.body_bytes // MIB} MiB a request"
        )

    def check(self, others: int) -> None:
        """Refuses a request beside others while the process has more memory than it may.

        A request alone is answered, for no other one would give memory back.

        Args:
            others: requests that are being answered.

        Raises:
            RequestError: it has.
        """
        if self._most is not None and others and resident_bytes() > self._most:
            raise RequestError(503, "The server has no memory left for another request. Try again later.")


def resident_bytes() -> int:
    """Returns the memory of this process that is in RAM, as Linux counts it."""
    return int(STATM.read_bytes().split()[1]) * os.sysconf("SC_PAGE_SIZE")
