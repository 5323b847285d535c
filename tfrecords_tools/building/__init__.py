"""Builds TFRecord shards from a raw data set."""
