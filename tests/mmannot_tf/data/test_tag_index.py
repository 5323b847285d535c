import pytest

from mmannot_tf.data.tag_index import TagIndex


@pytest.mark.parametrize("rule", [1, 2])
def test_tags_of_texts_become_ascending_lists(rule):
    index = TagIndex(("sea", "sky", "café"), rule)
    words = index.split([" Café, sky,SKY", "", "nobody"])
    assert index.lists(words).tolist() == [[1, 2], [-1, -1], [-1, -1]]
    assert [index.unknown(row) for row in words] == [(), (), ("nobody",)]


def test_the_former_rule_splits_at_commas_only():
    (words,) = TagIndex(("#sea",), 1).split(["#Sea; sky, cafe\u0301"])
    assert words == ["#sea; sky", "cafe\u0301"]


def test_the_current_rule_splits_at_semicolons_and_drops_a_hash():
    (words,) = TagIndex(("sea",), 2).split(["#Sea; sky, cafe\u0301,\ud800"])
    assert words == ["sea", "sky", "caf\u00e9", "\ufffd"]


def test_unknown_tags_are_named_once():
    assert TagIndex((), 2).unknown(["b", "a", "b"]) == ("b", "a")
