from mmannot_tf.serving.outputs import unknown_tags
from mmannot_tf.serving.outputs.unknown_tags import UnknownTags


def test_the_most_frequent_tags_come_first_then_the_alphabet():
    tags = UnknownTags()
    for row in (["b", "a"], [], ["c", "b"]):
        tags.add(row)
    assert tags.document() == {"images": 2, "tags": 4, "named": {"b": 2, "a": 1, "c": 1}}
    assert list(tags.lines()) == [
        "the model does not know tags of 2 images and ignored them: b (2), a (1), c (1)"
    ]


def test_nothing_is_said_where_all_tags_are_known():
    tags = UnknownTags()
    tags.add([])
    assert (tags.document(), list(tags.lines())) == ({"images": 0, "tags": 0, "named": {}}, [])


def test_few_are_named_and_control_characters_are_escaped():
    tags = UnknownTags()
    tags.add([f"{number:02}" for number in range(unknown_tags.MAX_NAMED)] + ["\u202ex"])
    assert next(tags.lines()).endswith("09 (1), …")
    tags = UnknownTags()
    tags.add(["\u202ex"])
    assert next(tags.lines()).endswith(r"\u202ex (1)")


def test_memory_is_bounded_and_the_counts_stay_right(monkeypatch):
    monkeypatch.setattr(unknown_tags, "MAX_KEPT", 1)
    tags = UnknownTags()
    for row in (["a"], ["b"], ["a", "c"]):
        tags.add(row)
    assert tags.document() == {"images": 3, "tags": 4, "named": {"a": 2}}
