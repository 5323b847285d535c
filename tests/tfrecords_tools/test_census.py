import pytest

from tfrecords_tools.census import WINDOW, Census
from tfrecords_tools.errors import UserError
from tfrecords_tools.example import Example
from tfrecords_tools.source import Rules


def example(number: int, image: bytes, *, labels=("sea",), tags=("blue",)) -> Example:
    return Example(str(number), image, labels, tags)


def run(census: Census, examples: list[Example], *, split: str = "train") -> list[str]:
    calls: list[None] = []
    ids = [kept.id for kept, _ in census.kept(split, examples, lambda: calls.append(None))]
    assert len(calls) == len(examples)
    return ids


def test_order_is_kept_beyond_the_window(make_jpeg):
    image = make_jpeg(1)
    count = 2 * WINDOW + 3
    census = Census(Rules(), count)
    assert run(census, [example(n, image) for n in range(count)]) == [str(n) for n in range(count)]
    assert census.images == {"train": count}


@pytest.mark.parametrize(
    ("rules", "kept"),
    [
        (Rules(), ["0"]),
        (Rules(keep_unlabelled=True), ["0", "1"]),
        (Rules(keep_untagged=True), ["0", "2"]),
        (Rules(keep_unlabelled=True, keep_untagged=True), ["0", "1", "2", "3"]),
    ],
)
def test_what_lacks_labels_or_tags_is_counted_and_dropped_unless_kept(make_jpeg, rules, kept):
    image = make_jpeg(1)
    examples = [
        example(0, image),
        example(1, image, labels=()),
        example(2, image, tags=()),
        example(3, image, labels=(), tags=()),
    ]
    census = Census(rules, 4)
    assert run(census, examples) == kept
    assert (census.unlabelled["train"], census.untagged["train"]) == (2, 2)


def test_tags_are_counted_over_the_kept_training_images_only(make_jpeg):
    image = make_jpeg(1)
    census = Census(Rules(bad_share=1.0), 4)
    run(census, [example(0, image), example(1, image, tags=("blue", "sky")), example(2, b"no image")])
    run(census, [example(3, image, tags=("test",))], split="test")
    assert census.tags == {"blue": 2, "sky": 1}


def test_unreadable_images_are_listed_up_to_the_share_and_stop_the_build_beyond(make_jpeg):
    examples = [example(n, make_jpeg(1) if n > 1 else b"no image") for n in range(10)]
    tolerant = Census(Rules(bad_share=0.2), 10)
    assert len(run(tolerant, examples)) == 8
    assert tolerant.unreadable == [{"file": str(n), "reason": "no image"} for n in range(2)]
    strict = Census(Rules(bad_share=0.19), 10)
    with pytest.raises(
        UserError, match=r"share of 0\.19 of 10 .* Received: 2 so far \(0: no image; 1: no image\)"
    ):
        run(strict, examples)
