"""Tables of names in the exported graph."""

import tensorflow as tf


def lookup_table(asset: tf.saved_model.Asset, *, key: str, default: str | int) -> tf.lookup.StaticHashTable:
    """A table from line number to line (key="number"), or from line to line number (key="line")."""
    number, line = tf.lookup.TextFileIndex.LINE_NUMBER, tf.lookup.TextFileIndex.WHOLE_LINE
    keys, values = (
        ((tf.int64, number), (tf.string, line))
        if key == "number"
        else ((tf.string, line), (tf.int64, number))
    )
    return tf.lookup.StaticHashTable(tf.lookup.TextFileInitializer(asset.asset_path, *keys, *values), default)
