"""Bounds the memory of decoding by the pixels that are decoded at the same time."""

import contextlib
import threading
from collections.abc import Iterator


class PixelBudget:
    """Lets threads decode while their images together have few enough pixels; the others wait in order."""

    def __init__(self, most: int):
        """`most` is the number of pixels; an image of more is decoded alone."""
        self._most, self._used = most, 0
        self._turn, self._changed = threading.Lock(), threading.Condition()

    @contextlib.contextmanager
    def taken(self, pixels: int) -> Iterator[None]:
        """Waits until an image of so many pixels fits, and takes its part."""
        amount = min(pixels, self._most)
        with self._turn, self._changed:
            self._changed.wait_for(lambda: self._used + amount <= self._most)
            self._used += amount
        try:
            yield
        finally:
            with self._changed:
                self._used -= amount
                self._changed.notify_all()
