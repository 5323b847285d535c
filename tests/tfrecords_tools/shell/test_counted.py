import pytest

from tfrecords_tools.shell.counted import counted


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 copies"), (1, "1 copy"), (2, "2 copies"), (1_200, "1,200 copies")]
)
def test_the_noun_follows_the_number(count, text):
    assert counted(count, "copy", "copies") == text


def test_an_s_is_the_usual_plural():
    assert (counted(1, "label"), counted(2, "label")) == ("1 label", "2 labels")
