"""Profiles of training: whether a stage waits for its input or for its computation."""
