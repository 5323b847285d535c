"""Builds records: a source of examples in, TFRecord shards out."""
