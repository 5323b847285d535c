"""Trained branches on a split: features and predictions."""
