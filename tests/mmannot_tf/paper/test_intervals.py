"""Checked by sampling: whatever the cells were before rounding, the recomputed interval holds the result."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmannot_tf.evaluation import metrics
from mmannot_tf.paper.intervals import Interval, harmonic_mean, hull, majority, of_print, quotient

PRINTED = st.integers(0, 10_000).map(lambda hundredths: f"{hundredths / 100:.2f}")
DECIMALS = st.sampled_from((1, 2))
WHERE = st.floats(0, 1)
quick = settings(deadline=None, max_examples=300)


def between(interval, where):
    return interval.low + where * (interval.high - interval.low)


@pytest.mark.parametrize(
    ("text", "decimals", "low", "high"),
    [
        ("61.40", 2, 61.395, 61.405),
        ("61.40", 1, 61.35, 61.45),
        ("0.00", 2, 0.0, 0.005),
        ("100.00", 1, 99.95, 100.05),
    ],
)
def test_a_printed_number_is_half_a_unit_to_either_side_and_never_negative(text, decimals, low, high):
    assert of_print(text, decimals).rounded() == (low, high)


@quick
@given(PRINTED, DECIMALS, WHERE)
def test_every_value_in_a_printed_numbers_interval_rounds_to_it(text, decimals, where):
    value = between(of_print(text, decimals), where)
    assert abs(value - float(text)) <= 0.5 * 10.0**-decimals + 1e-9
    assert value >= 0


@quick
@given(PRINTED, PRINTED, DECIMALS, WHERE, WHERE)
def test_the_f1_of_any_two_values_lies_in_the_recomputed_interval(a, b, decimals, first, second):
    a, b = of_print(a, decimals), of_print(b, decimals)
    assert metrics.harmonic_mean(between(a, first), between(b, second)) in harmonic_mean(a, b)


@quick
@given(PRINTED, PRINTED, DECIMALS)
def test_the_recomputed_interval_is_no_wider_than_its_ends_need(a, b, decimals):
    a, b = of_print(a, decimals), of_print(b, decimals)
    recomputed = harmonic_mean(a, b)
    assert recomputed.low == metrics.harmonic_mean(a.low, b.low)
    assert recomputed.high == metrics.harmonic_mean(a.high, b.high)


@quick
@given(PRINTED, PRINTED.filter(lambda text: float(text) > 1), DECIMALS, WHERE, WHERE)
def test_the_quotient_of_any_two_values_lies_in_the_quotient(a, b, decimals, first, second):
    a, b = of_print(a, decimals), of_print(b, decimals)
    assert between(a, first) / between(b, second) in quotient(a, b)


def test_a_quotient_by_what_can_be_zero_has_no_upper_end():
    assert quotient(Interval(1, 2), Interval(0, 4)) == Interval(0.25, float("inf"))


@pytest.mark.parametrize(
    ("other", "meets"),
    [
        (Interval(2, 3), True),
        (Interval(3, 4), True),
        (Interval(3.001, 4), False),
        (Interval(-1, 0.999), False),
    ],
)
def test_closed_intervals_meet_where_they_share_a_number(other, meets):
    assert Interval(1, 3).meets(other) is meets
    assert other.meets(Interval(1, 3)) is meets


def test_majority_is_where_most_intervals_overlap_and_hull_holds_them_all():
    intervals = [Interval(0, 2), Interval(1, 3), Interval(1.5, 1.75), Interval(10, 12)]
    assert majority(intervals) == Interval(1.5, 1.75)
    assert majority([Interval(5, 6), Interval(0, 1)]) == Interval(0, 1)
    assert hull(intervals) == Interval(0, 12)


@quick
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 9)), min_size=1, max_size=8))
def test_no_number_lies_in_more_intervals_than_those_of_the_majority(ends):
    intervals = [Interval(low, low + width) for low, width in ends]
    counts = [sum(place / 2 in interval for interval in intervals) for place in range(80)]
    assert sum(majority(intervals).middle in interval for interval in intervals) == max(counts)
