"""Synthetic scenes: a data set made on the spot, for the quickstart and for tests."""
