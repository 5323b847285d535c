"""Makes tags of captions; the paper uses their words on MS-COCO, which has no user tags."""

import re
from collections.abc import Iterable
from typing import Literal

from tfrecords_tools.tag_rule.rule import normalize_tag

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
    """The distinct words of an image's captions by the tag rule, in the order of their first use.

    Args:
        captions: the image's captions.
        tokens: "letters" splits at every character that is no letter; "whitespace" splits at blanks only.
        stop_words: "drop" removes STOP_WORDS.
    """
    unique: dict[str, None] = {}
    for caption in captions:
        text = normalize_tag(caption)
        unique.update(dict.fromkeys(_LETTERS.findall(text) if tokens == "letters" else text.split()))
    return tuple(word for word in unique if stop_words == "keep" or word not in STOP_WORDS)
