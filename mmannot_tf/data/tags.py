"""Tag strings to lists of indices and to multi-hot vectors, in graph."""

from collections.abc import Sequence

import tensorflow as tf

from mmannot_tf.data.tag_lists import NONE


def tag_table(vocabulary: Sequence[str]) -> tf.lookup.StaticHashTable:
    """Looks a tag's index in the vocabulary up; -1 for an unknown tag."""
    tags = tf.constant(list(vocabulary), tf.string)
    indices = tf.range(len(vocabulary), dtype=tf.int64)
    return tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(tags, indices), default_value=-1)


def indices_of(words: tf.RaggedTensor, table: tf.lookup.StaticHashTable) -> tf.RaggedTensor:
    """The place of each word (ragged string) in a table's vocabulary, ragged int64; -1 for an unknown one."""
    return words.with_flat_values(table.lookup(words.flat_values))


def split_tags(text: tf.Tensor) -> tf.RaggedTensor:
    """Comma-separated tags (string [B]) to tags (ragged string [B, None]), lower-case and stripped."""
    return tf.strings.strip(tf.strings.lower(tf.strings.split(text, ","), encoding="utf-8"))


def tag_lists(indices: tf.RaggedTensor, size: int, longest: int | None = None) -> tf.Tensor:
    """Indices (ragged int64 [B, None]; negative ones are left out) to the lists of `data.tag_lists`.

    Args:
        indices: into a vocabulary, in any order, repeated or not.
        size: of the vocabulary.
        longest: L; None for that of the longest list here, at least 1.

    Returns:
        int32 [B, L]: distinct, ascending, -1 after the last.
    """
    known = tf.ragged.boolean_mask(indices, indices >= 0)
    ascending = tf.sort(tf.cast(known.to_tensor(size), tf.int32))
    repeated = tf.pad(ascending[:, 1:] == ascending[:, :-1], ((0, 0), (1, 0)))
    distinct = tf.sort(tf.where(repeated, size, ascending))
    lists = tf.where(distinct < size, distinct, NONE)
    lacking = tf.maximum((longest or 1) - tf.shape(lists)[1], 0)
    filled = tf.pad(lists, [[0, 0], [0, lacking]], constant_values=NONE)
    return filled if longest is None else tf.ensure_shape(filled[:, :longest], (None, longest))


def multi_hot(indices: tf.RaggedTensor, depth: int) -> tf.Tensor:
    """Indices (ragged int64 [B, None]; negative ones are left out) to float32 [B, depth] of 0 and 1.

    The paper calls this vector one-hot (Sec. III-B).
    """
    known = tf.ragged.boolean_mask(indices, indices >= 0)
    positions = tf.stack([known.value_rowids(), known.values], axis=1)
    counts = tf.scatter_nd(positions, tf.ones_like(known.values, tf.float32), (known.nrows(), depth))
    return tf.minimum(counts, 1.0)
