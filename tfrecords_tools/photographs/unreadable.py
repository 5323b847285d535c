"""`UnreadableImageError`: why a file is no photograph that can be used."""

MISSING = "missing"
"""The reason for an image whose file does not exist."""
EMPTY = "empty file"
"""The reason for a file of no bytes."""


class UnreadableImageError(Exception):
    """The image cannot be used; the message is the reason, in one line."""
