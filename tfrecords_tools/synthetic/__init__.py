"""Synthetic scenes: a generated data set for the quickstart and for tests."""
