"""How a tag is spelled: docs/tags.md, in TensorFlow's graph."""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from tfrecords_tools.tag_rule.rule import IOTA, SEPARATOR, YPOGEGRAMMENI
from tfrecords_tools.tag_rule.table import rule_table

BLOCK = 128
"""Code points per block; equal blocks are stored once."""
CODE_POINTS = 0x110000
LENGTHS = 32
"""More than the length of the longest folded form."""


class GraphRule(tf.Module):
    """Splits texts into tags, as `rule.split_tags` does; the tags are lookup keys, not composed.

    A module, so that a SavedModel holds the table once for all its functions.
    """

    def __init__(self) -> None:
        """Reads the table."""
        super().__init__(name="tag_rule")
        pool, spans = _pool()
        self._pool = tf.constant(pool, tf.int32)
        self._spans, self._classes = _CodePointMap(spans), _CodePointMap(rule_table().classes)

    def split_tags(self, text: tf.Tensor) -> tf.RaggedTensor:
        """The lookup keys of the tags of each text.

        Args:
            text: string [B], UTF-8; what is no UTF-8 counts as U+FFFD.

        Returns:
            Ragged string [B, None], with "" for an empty tag.
        """
        characters = tf.strings.unicode_decode(text, "UTF-8", errors="replace")
        folded = self._ordered(self._folded(characters))
        one = tf.where(folded.flat_values == ord(YPOGEGRAMMENI), ord(IOTA), folded.flat_values)
        texts = tf.strings.unicode_encode(folded.with_flat_values(one), "UTF-8")
        return tf.ragged.map_flat_values(_trimmed, tf.strings.split(texts, SEPARATOR))

    def _folded(self, characters: tf.RaggedTensor) -> tf.RaggedTensor:
        """Each character's folded form: ragged int32 [B, None]."""
        code_points = characters.flat_values
        spans = self._spans(code_points)
        start, length = spans // LENGTHS, tf.where(spans == 0, 1, spans % LENGTHS)
        ranges = tf.ragged.range(start, start + length)
        folded = tf.gather(self._pool, ranges.flat_values)
        origin = ranges.value_rowids()
        kept = tf.gather(spans, origin) == 0
        values = tf.where(kept, tf.gather(code_points, origin), folded)
        ends = tf.gather(ranges.row_splits, characters.row_splits)
        return tf.RaggedTensor.from_row_splits(values, ends, validate=False)

    def _ordered(self, folded: tf.RaggedTensor) -> tf.RaggedTensor:
        """Sorts each run of marks by their combining classes; the sort is stable."""
        values = folded.flat_values
        ranks = tf.cast(self._classes(values), tf.int64)
        position = tf.range(tf.size(values, tf.int64), dtype=tf.int64)
        row = folded.value_rowids()
        starts = tf.concat([[True], row[1:] != row[:-1]], 0)[: tf.size(values)]
        run = tf.cumsum(tf.cast((ranks == 0) | starts, tf.int64))
        count = tf.maximum(tf.size(values, tf.int64), 1)
        keys = tf.sort((run * 256 + ranks) * count + position)
        return folded.with_flat_values(tf.gather(values, keys % count))


class _CodePointMap(tf.Module):
    """A number for every code point, 0 where a mapping has none, in two stages."""

    def __init__(self, numbers: Mapping[int, int]):
        super().__init__()
        values = np.zeros(CODE_POINTS, np.int32)
        values[list(numbers)] = list(numbers.values())
        blocks, order = np.unique(values.reshape(-1, BLOCK), axis=0, return_inverse=True)
        self._numbers = tf.constant(order.reshape(-1), tf.int32)
        self._blocks = tf.constant(blocks.reshape(-1), tf.int32)

    def __call__(self, code_points: tf.Tensor) -> tf.Tensor:
        block = tf.gather(self._numbers, code_points // BLOCK)
        return tf.gather(self._blocks, block * BLOCK + code_points % BLOCK)


def _pool() -> tuple[list[int], dict[int, int]]:
    """The folded forms one after the other, and each character's place: start * LENGTHS + length."""
    pool: list[int] = [0]  # so that no place is 0, which means that a character stays
    spans: dict[int, int] = {}
    starts: dict[str, int] = {}
    for code_point, text in rule_table().fold.items():
        if text not in starts:
            starts[text] = len(pool)
            pool += map(ord, text)
        spans[code_point] = starts[text] * LENGTHS + len(text)
    return pool, spans


def _trimmed(tags: tf.Tensor) -> tf.Tensor:
    single = tf.strings.regex_replace(tags, " +", " ")
    return tf.strings.regex_replace(tf.strings.regex_replace(single, "^[# ]+", ""), " $", "")
