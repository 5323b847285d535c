"""The versions of the tag rule; docs/tags.md has both."""

from pathlib import Path

FORMER_TAG_RULE = 1
"""Of records, runs and exports that state no version."""
TAG_RULE = 2
"""Of what is built now."""


def known_version(version: object, file: Path) -> int:
    """The version that a file states.

    Raises:
        ValueError: it is none that this release knows.
    """
    if version not in (FORMER_TAG_RULE, TAG_RULE) or not isinstance(version, int):
        raise ValueError(f"tag_rule must be {FORMER_TAG_RULE} or {TAG_RULE}, not {version!r}, in {file.name}")
    return version
