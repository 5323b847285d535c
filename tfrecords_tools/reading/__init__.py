"""Reads, counts and verifies records."""
