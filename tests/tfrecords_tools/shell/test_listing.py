import pytest

from tfrecords_tools.shell.listing import listed


@pytest.mark.parametrize(
    ("entries", "most", "count", "expected"),
    [
        ([], 3, None, ""),
        (["a", "b", "c"], 3, None, "a, b, c"),
        (["a", "b", "c"], 2, None, "a, b and 1 more"),
        (["a", "b", "c"], 3, 2_003, "a, b, c and 2,000 more"),
        (["a", "b"], 3, 2, "a, b"),
    ],
)
def test_the_first_are_named_and_the_others_counted(entries, most, count, expected):
    assert listed(entries, most, count=count) == expected
