"""`Shard`: one machine's share of many photographs."""

import re
import zlib
from dataclasses import dataclass

from mmannot_tf.serving.inputs.photograph import Photograph
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.paths import matching_form

_TEXT = re.compile(r"([0-9]{1,9})/([0-9]{1,9})")


@dataclass(frozen=True)
class Shard:
    """One of N shares of some photographs, which together hold each photograph once.

    A photograph's share follows from its name below the named folder (CRC-32 of the name, modulo N), so it
    stays the same when other photographs come and go, and on machines that see the folder elsewhere. The
    shares are about equally large.

    Attributes:
        index: of this share, from 0.
        count: N, the number of shares.
    """

    index: int
    count: int

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """Reads `i/N`.

        Raises:
            UserError: it is something else, or i is not below N.

        Example:
            >>> Shard.parse("0/8")
            Shard(index=0, count=8)
        """
        found = _TEXT.fullmatch(text)
        shard = cls(int(found[1]), int(found[2])) if found else cls(0, 0)
        if shard.index >= shard.count:
            raise UserError(
                f"--shard must be i/N, with i from 0 to N - 1: 0/8 to 7/8 for eight. Received: {text}."
            )
        return shard

    def has(self, photograph: Photograph) -> bool:
        """Whether a photograph belongs to this share."""
        name = matching_form(photograph.relative).encode("utf-8", "surrogateescape")
        return zlib.crc32(name) % self.count == self.index
