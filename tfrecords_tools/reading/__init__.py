"""Reads records: their examples, their counts, and whether they are intact."""
