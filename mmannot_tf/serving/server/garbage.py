"""Garbage collection of a server: what lives for long is not searched while requests wait."""

import gc

COLLECT = (20_000, 10, 100)
"""Objects before young garbage is searched for, and how often older: a request of lists makes a million."""


def set_aside() -> None:
    """Collects garbage, then takes all objects that there are out of later searches."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT)


def collect_again() -> None:
    """Collects also what was set aside, such as a model that no longer answers; takes about half a second."""
    was_set_aside = gc.get_freeze_count() > 0
    gc.unfreeze()
    gc.collect()
    if was_set_aside:
        gc.freeze()
