from tfrecords_tools.building.drop_reasons import DropReason
from tfrecords_tools.reading.passed_over import summary


def test_nothing_is_said_to_be_nothing():
    assert summary({"images": {}, "unlisted": None}) == "passed over: nothing"
    unlisted = {"photographs": 0, "named": [], "other": {}, "hidden": 0}
    assert summary({"images": {"missing": 0}, "unlisted": unlisted}) == "passed over: nothing"


def test_each_kind_is_counted_and_names_are_escaped():
    unlisted = {"photographs": 2000, "named": ["a\x1b.jpg"], "other": {".mp4": 1200, ".\x07": 2}, "hidden": 3}
    assert summary({"images": {"untagged": 1234}, "unlisted": unlisted}) == (
        "passed over: 1,234 photographs without a tag; 2,000 photographs that no row names "
        "(a\\x1b.jpg and 1,999 more); 1,202 other files (1,200 .mp4, 2 .\\x07); 3 hidden files and folders"
    )


def test_each_reason_has_its_words():
    images = {reason.value: number for number, reason in enumerate(sorted(DropReason), start=1)}
    assert summary({"images": images, "unlisted": None}) == (
        "passed over: 1 row with an error; 2 copies of photographs in another split; 3 rows without a file; "
        "4 placeholders; 5 photographs without a label; 6 unreadable files; 7 photographs without a tag"
    )
