import pytest

from tfrecords_tools.building.build_tally import BuildTally, new_tally
from tfrecords_tools.building.rules import Rules
from tfrecords_tools.building.source import RecordSource, Split
from tfrecords_tools.reading.example import Example
from tfrecords_tools.shell.errors import UserError


def example(number: int, image: bytes, *, labels=("sea",), tags=("blue",)) -> Example:
    return Example(str(number), image, labels, tags)


def run(tally: BuildTally, examples: list[Example], *, split: str = "train") -> list[str]:
    calls: list[None] = []
    ids = [kept.id for kept, _ in tally.kept(split, examples, lambda: calls.append(None))]
    assert len(calls) == len(examples)
    return ids


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
    tally = BuildTally(rules, 4)
    assert run(tally, examples) == kept
    assert (tally.unlabelled["train"], tally.untagged["train"]) == (2, 2)


def test_tags_are_counted_over_the_kept_training_images_only(make_jpeg):
    image = make_jpeg(1)
    tally = BuildTally(Rules(bad_share=1.0), 4)
    run(tally, [example(0, image), example(1, image, tags=("blue", "sky")), example(2, b"no image")])
    run(tally, [example(3, image, tags=("test",))], split="test")
    assert tally.tags == {"blue": 2, "sky": 1}


def test_unreadable_images_are_listed_up_to_the_share_and_stop_the_build_beyond(make_jpeg):
    examples = [example(n, make_jpeg(1) if n > 1 else b"no image") for n in range(10)]
    tolerant = BuildTally(Rules(bad_share=0.2), 10)
    assert len(run(tolerant, examples)) == 8
    reason = "not JPEG, PNG, WebP, HEIC, TIFF, BMP or GIF"
    assert tolerant.unreadable == [{"id": str(n), "file": str(n), "reason": reason} for n in range(2)]
    strict = BuildTally(Rules(bad_share=0.19), 10)
    with pytest.raises(
        UserError, match=rf"share of 0\.19 of 10 .* Received: 2 so far \(0: {reason}; 1: {reason}\)"
    ):
        run(strict, examples)


def test_placeholders_are_refused_by_name_and_other_files_are_not(make_jpeg, tmp_path):
    paths = [tmp_path / f"{n}.jpg" for n in range(6)]
    for n, path in enumerate(paths):
        path.write_bytes(make_jpeg(0 if n < 3 else n))
    examples = [Example(path.stem, path, ("sea",), ("blue",)) for path in paths]
    source = RecordSource(
        "made",
        "up",
        ("sea",),
        {},
        {"train": Split(6, lambda: iter(examples))},
        Rules(placeholder_copies=3, bad_share=0.5),
    )
    tally = new_tally(source)
    assert run(tally, examples) == ["3", "4", "5"]
    assert tally.unreadable == [
        {"id": str(n), "file": f"{n}.jpg", "reason": "placeholder: 3 files of these bytes"} for n in range(3)
    ]
    for copies in (0, 4):
        rules = Rules(placeholder_copies=copies)
        kept = new_tally(RecordSource("made", "up", ("sea",), {}, source.splits, rules))
        assert len(run(kept, examples)) == 6
