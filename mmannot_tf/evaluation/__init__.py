"""Evaluation: predictions as a file, selection, the paper's metrics, and the rows of its tables."""
