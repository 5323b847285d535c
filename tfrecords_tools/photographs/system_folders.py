"""Folders that servers and systems keep among people's photographs: thumbnails and deleted files."""

NAMES = frozenset(
    {
        "@eadir",  # Synology: thumbnails, named like the photographs
        "#recycle",  # Synology
        "#snapshot",
        "@recycle",  # QNAP
        "@recently-snapshot",
        "$recycle.bin",  # Windows
        "system volume information",
        "lost+found",  # Linux
        "__macosx",  # archives that macOS made: parts of files
    }
)
"""Their names in lower case."""


def is_system_folder(name: str) -> bool:
    """Whether a folder of this name holds no photographs of people's own; case is ignored."""
    return name.lower() in NAMES
