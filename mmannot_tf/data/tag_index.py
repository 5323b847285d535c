"""Texts of tags to indices into a model's vocabulary, outside the graph, by the model's tag rule."""

from collections.abc import Sequence

import numpy as np

from mmannot_tf.data.tag_lists import padded
from tfrecords_tools.tag_rule.rule import split_tags
from tfrecords_tools.tag_rule.version import FORMER_TAG_RULE


class TagIndex:
    """A vocabulary, and the rule by which tags are looked up in it."""

    def __init__(self, vocabulary: Sequence[str], rule: int):
        """Takes the tags in index order, and the version of the rule."""
        self._index = {tag: number for number, tag in enumerate(vocabulary)}
        self._rule = rule

    def split(self, texts: Sequence[str]) -> list[list[str]]:
        """The tags of each text as the vocabulary spells tags, without empty ones."""
        if self._rule != FORMER_TAG_RULE:
            return [split_tags(text) for text in texts]
        return _split_by_former_rule(texts)

    def lists(self, tags: Sequence[Sequence[str]]) -> np.ndarray:
        """Tags from `split` as the lists of `data.tag_lists`, int32 [B, L], without the unknown ones."""
        return padded([self._index[tag] for tag in row if tag in self._index] for row in tags)

    def unknown(self, tags: Sequence[str]) -> tuple[str, ...]:
        """Those of an image's tags that the vocabulary does not have, each once, in order."""
        return tuple(dict.fromkeys(tag for tag in tags if tag not in self._index))


def _split_by_former_rule(texts: Sequence[str]) -> list[list[str]]:
    """The rule of TensorFlow's own functions, which imports it."""
    import tensorflow as tf

    from mmannot_tf.data.tags import split_by_former_rule

    encoded = tf.constant([text.encode("utf-8", "replace") for text in texts], tf.string)
    rows = split_by_former_rule(encoded).to_list()
    return [[word.decode("utf-8", "replace") for word in row if word] for row in rows]
