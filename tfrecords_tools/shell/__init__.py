"""Shared by both packages: errors, console output, files on disk."""
