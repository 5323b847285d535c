"""Labels of which nothing is known: bool [N, C], or None where all are known."""

import numpy as np


def known_pairs(unknown: np.ndarray | None) -> np.ndarray | slice:
    """An index of the known pairs of an image and a label in arrays [N, C]: of all, if all are known."""
    return slice(None) if unknown is None else np.asarray(~unknown)


def without_unknown(selected: np.ndarray, unknown: np.ndarray | None) -> np.ndarray:
    """Selected labels, [N, C] bool, without those of which nothing is known."""
    return selected if unknown is None else selected & ~unknown
