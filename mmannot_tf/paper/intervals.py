"""Intervals of real numbers: the values that a printed number can have been rounded from."""

from dataclasses import dataclass

from mmannot_tf.evaluation import metrics

_SLACK = 1e-9  # of binary fractions, so that intervals with a common end meet


@dataclass(frozen=True)
class Interval:
    """All numbers from `low` to `high`, both included."""

    low: float
    high: float

    @property
    def middle(self) -> float:
        """Half-way between the ends."""
        return (self.low + self.high) / 2

    def meets(self, other: "Interval") -> bool:
        """True where some number is in both."""
        return self.low <= other.high + _SLACK and other.low <= self.high + _SLACK

    def __contains__(self, value: float) -> bool:
        return self.meets(Interval(value, value))

    def rounded(self) -> tuple[float, float]:
        """Low and high to five decimals, the ends of a number printed with four."""
        return round(self.low, 5), round(self.high, 5)


def of_print(text: str, decimals: int) -> Interval:
    """The percentages that print as `text`: half a unit of its last decimal to either side, none below 0.

    Args:
        text: a number as printed, "61.40".
        decimals: how many of its decimals are known; 1 where a source's 61.4 was padded to "61.40".
    """
    value, half = float(text), 0.5 * 10.0**-decimals
    return Interval(max(value - half, 0.0), value + half)


def harmonic_mean(a: Interval, b: Interval) -> Interval:
    """2ab / (a + b) of non-negative numbers, which grows with either: so the ends come from the ends."""
    return Interval(metrics.harmonic_mean(a.low, b.low), metrics.harmonic_mean(a.high, b.high))


def quotient(a: Interval, b: Interval) -> Interval:
    """A / b of non-negative numbers; unbounded where b can be 0."""
    return Interval(a.low / b.high if b.high else 0.0, a.high / b.low if b.low else float("inf"))


def hull(intervals: "list[Interval]") -> Interval:
    """The least interval that holds all of them."""
    return Interval(min(i.low for i in intervals), max(i.high for i in intervals))


def majority(intervals: "list[Interval]") -> Interval:
    """The numbers that are in the largest count of intervals; the lowest such stretch among ties."""

    def holding(low: float) -> list[Interval]:
        return [interval for interval in intervals if low in interval]

    agreeing = max((holding(interval.low) for interval in sorted(intervals, key=lambda i: i.low)), key=len)
    return Interval(max(i.low for i in agreeing), min(i.high for i in agreeing))
