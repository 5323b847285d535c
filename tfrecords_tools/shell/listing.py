"""Names the first entries of a long list, and counts the others."""

from collections.abc import Sequence


def listed(entries: Sequence[str], most: int, *, count: int | None = None) -> str:
    """The first entries, separated by commas, and the number of the others.

    Args:
        entries: at least the first `most` of them.
        most: the number of entries that are named.
        count: the number of all entries, where `entries` holds only the first; by default `len(entries)`.

    Returns:
        A text without a line break unless an entry holds one.

    Example:
        >>> listed(["sky", "sea", "tree"], 2)
        'sky, sea and 1 more'
    """
    named = ", ".join(entries[:most])
    others = (len(entries) if count is None else count) - min(len(entries), most)
    return f"{named} and {others:,} more" if others > 0 else named
