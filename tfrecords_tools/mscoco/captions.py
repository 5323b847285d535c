"""Captions to tags: the words people used, the paper's stand-in for user tags on MS-COCO."""

import re
from collections.abc import Iterable
from typing import Literal

Tokens = Literal["letters", "whitespace"]
StopWords = Literal["drop", "keep"]

_NLTK = """
i me my myself we our ours ourselves you your yours yourself yourselves he him his himself she her hers
herself it its itself they them their theirs themselves what which who whom this that these those am is
are was were be been being have has had having do does did doing a an the and but if or because as until
while of at by for with about against between into through during before after above below to from up down
in out on off over under again further then once here there when where why how all any both each few more
most other some such no nor not only own same so than too very s t can will just don should now
"""

STOP_WORDS = frozenset(_NLTK.split())
"""The 127 English stop words of NLTK's corpus (after Snowball's list). The paper names no list [18]."""

_LETTERS = re.compile(r"[^\W\d_]+")


def words(
    captions: Iterable[str], *, tokens: Tokens = "letters", stop_words: StopWords = "drop"
) -> tuple[str, ...]:
    """The different lower-case words of an image's captions, in the order of their first use.

    Args:
        captions: the image's captions.
        tokens: "letters" takes runs of letters, so digits and punctuation part words; "whitespace" takes
            what blanks part, punctuation included.
        stop_words: "drop" leaves STOP_WORDS out.
    """
    found: dict[str, None] = {}
    for caption in captions:
        lower = caption.lower()
        found.update(dict.fromkeys(_LETTERS.findall(lower) if tokens == "letters" else lower.split()))
    return tuple(word for word in found if stop_words == "keep" or word not in STOP_WORDS)
