"""Tag strings to lists of indices and to multi-hot vectors, in graph."""

from collections.abc import Callable, Sequence

import tensorflow as tf

from mmannot_tf.data.tag_lists import NONE
from tfrecords_tools.tag_rule.graph_rule import GraphRule
from tfrecords_tools.tag_rule.version import FORMER_TAG_RULE


def tag_table(vocabulary: Sequence[str]) -> tf.lookup.StaticHashTable:
    """A table from a tag to its index in the vocabulary; -1 for an unknown tag."""
    words = list(vocabulary) or [""]  # a table needs a key, and no tag is empty
    tags = tf.constant(words, tf.string)
    indices = tf.constant(range(len(vocabulary)) or [-1], tf.int64)
    return tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(tags, indices), default_value=-1)


def indices_of(words: tf.RaggedTensor, table: tf.lookup.StaticHashTable) -> tf.RaggedTensor:
    """Each word's (ragged string) index in a table's vocabulary, ragged int64; -1 for an unknown word."""
    return words.with_flat_values(table.lookup(words.flat_values))


def graph_splitter(rule: int) -> Callable[[tf.Tensor], tf.RaggedTensor]:
    """A function that splits texts (string [B]) into tags as a graph looks them up (ragged string [B, None]).

    Args:
        rule: version of the tag rule. The function of version 2 is a method of a `tf.Module`.
    """
    return split_by_former_rule if rule == FORMER_TAG_RULE else GraphRule().split_tags


def split_by_former_rule(text: tf.Tensor) -> tf.RaggedTensor:
    """Comma-separated tags (string [B]) to tags (ragged string [B, None]), lower-case and stripped."""
    return tf.strings.strip(tf.strings.lower(tf.strings.split(text, ","), encoding="utf-8"))


def tag_lists(indices: tf.RaggedTensor, size: int, max_tags: int | None = None) -> tf.Tensor:
    """The lists of `data.tag_lists` from indices (ragged int64 [B, None]), without the negative ones.

    Args:
        indices: into a vocabulary; they may be in any order and repeated.
        size: of the vocabulary.
        max_tags: L; None for the length of the longest list, at least 1.

    Returns:
        int32 [B, L]: distinct, ascending, -1 after the last.
    """
    known = tf.ragged.boolean_mask(indices, indices >= 0)
    ascending = tf.sort(tf.cast(known.to_tensor(size), tf.int32))
    repeated = tf.pad(ascending[:, 1:] == ascending[:, :-1], ((0, 0), (1, 0)))
    distinct = tf.sort(tf.where(repeated, size, ascending))
    lists = tf.where(distinct < size, distinct, NONE)
    missing = tf.maximum((max_tags or 1) - tf.shape(lists)[1], 0)
    filled = tf.pad(lists, [[0, 0], [0, missing]], constant_values=NONE)
    return filled if max_tags is None else tf.ensure_shape(filled[:, :max_tags], (None, max_tags))


def multi_hot(indices: tf.RaggedTensor, depth: int) -> tf.Tensor:
    """Float32 [B, depth] of 0 and 1 from indices (ragged int64 [B, None]), without the negative ones.

    The paper calls this vector one-hot (Sec. III-B).
    """
    known = tf.ragged.boolean_mask(indices, indices >= 0)
    positions = tf.stack([known.value_rowids(), known.values], axis=1)
    counts = tf.scatter_nd(positions, tf.ones_like(known.values, tf.float32), (known.nrows(), depth))
    return tf.minimum(counts, 1.0)
