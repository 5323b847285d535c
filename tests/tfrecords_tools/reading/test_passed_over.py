from tfrecords_tools.reading.passed_over import summary


def test_nothing_is_said_to_be_nothing():
    assert summary({"images": {}, "unlisted": None}) == "passed over: nothing"
    unlisted = {"photographs": 0, "named": [], "other": {}, "hidden": 0}
    assert summary({"images": {"missing": 0}, "unlisted": unlisted}) == "passed over: nothing"


def test_each_kind_is_counted_and_names_are_escaped():
    unlisted = {"photographs": 2000, "named": ["a\x1b.jpg"], "other": {".mp4": 1}, "hidden": 3}
    assert summary({"images": {"untagged": 1234}, "unlisted": unlisted}) == (
        "passed over: 1,234 photographs without a tag; 2,000 photographs that no row names "
        "(a\\x1b.jpg and 1,999 more); 1 other files (1 .mp4); 3 hidden files and folders"
    )
