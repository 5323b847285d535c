"""What a build of MS-COCO can be told."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tfrecords_tools.errors import UserError
from tfrecords_tools.mscoco.captions import StopWords, Tokens


@dataclass(frozen=True)
class MscocoSettings:
    """Where the official files lie and how they are read.

    Attributes:
        raw: the folder with annotations/ and the images' folders.
        year: 2014 or 2017; None takes the one that is there.
        validation_share: share of the official training images held out, by a hash of the id.
        tokens: how captions part into words [18].
        stop_words: whether English stop words are dropped [18].
        keep_unlabelled: keep images without any label [14].
        keep_untagged: keep images without any tag [14].
        bad_share: largest share of unreadable images tolerated.
    """

    raw: Path
    year: int | None = None
    validation_share: float = 0.1
    tokens: Tokens = "letters"
    stop_words: StopWords = "drop"
    keep_unlabelled: bool = False
    keep_untagged: bool = False
    bad_share: float = 0.01

    def __post_init__(self) -> None:
        if self.year not in (None, 2014, 2017):
            raise UserError(f"year must be 2014 or 2017. Received: {self.year}.")
        if not 0 < self.validation_share < 1:
            raise UserError(f"validation share must lie in (0, 1). Received: {self.validation_share}.")
        if not 0 <= self.bad_share <= 1:
            raise UserError(f"bad share must lie in [0, 1]. Received: {self.bad_share}.")
        if self.tokens not in ("letters", "whitespace"):
            raise UserError(f"tokens must be letters or whitespace. Received: {self.tokens!r}.")
        if self.stop_words not in ("drop", "keep"):
            raise UserError(f"stop words must be drop or keep. Received: {self.stop_words!r}.")

    def as_json(self) -> dict[str, Any]:
        """What decides the content, as JSON values: neither the folder's place nor the tolerance does."""
        return {key: value for key, value in asdict(self).items() if key not in ("raw", "year", "bad_share")}
