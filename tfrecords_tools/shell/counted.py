"""Counts of things in messages: one photograph, two photographs."""


def counted(count: int, thing: str, things: str = "") -> str:
    """A number with its noun.

    Args:
        count: the number.
        thing: the noun for one.
        things: the noun for any other number; by default `thing` with an s.

    Example:
        >>> counted(1, "photograph"), counted(1200, "photograph"), counted(2, "copy", "copies")
        ('1 photograph', '1,200 photographs', '2 copies')
    """
    return f"{count:,} {thing if count == 1 else things or f'{thing}s'}"
