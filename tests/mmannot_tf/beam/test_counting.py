"""The counts that a pipeline leaves for the command come back as they were."""

from collections import Counter

from mmannot_tf.beam.counting import CountResults, take_counts, write_counts
from mmannot_tf.beam.matching import Listing
from mmannot_tf.beam.tags import TagsTally
from mmannot_tf.serving.annotation import Annotation, Unreadable
from mmannot_tf.serving.inputs.photographs import PassedOver


def _annotated(name, *unknown):
    return Annotation(name, "", (("sky", 0.9),), 1.0, unknown)


def _summary(*results):
    count = CountResults()
    summary = count.create_accumulator()
    for result in results:
        summary = count.add_input(summary, result)
    return summary


def test_counts_of_several_workers_are_one_summary_in_any_order():
    parts = [
        _summary(_annotated("a", "fog", "me"), Unreadable("z", "", "missing")),
        _summary(_annotated("b", "fog"), _annotated("c")),
        _summary(Unreadable("d", "sea", "empty file")),
    ]
    for order in (parts, parts[::-1]):
        merged = CountResults().merge_accumulators(order)
        assert (merged.annotated, merged.unreadable) == (3, 2)
        assert [unreadable.image for unreadable in merged.named] == ["d", "z"]
        assert merged.unknown_tags.document() == {"images": 2, "tags": 3, "named": {"fog": 2, "me": 1}}


def test_only_the_first_unreadable_photographs_are_named():
    parts = [_summary(Unreadable(f"{number:03}", "", "missing")) for number in range(50)]
    merged = CountResults().merge_accumulators(parts)
    assert merged.unreadable == 50
    assert [unreadable.image for unreadable in merged.named] == [f"{number:03}" for number in range(20)]


def test_counts_are_read_as_they_were_written_and_their_file_is_gone(bucket):
    listings = [
        Listing("bucket://photos", 3, PassedOver(Counter({".txt": 2}), 1, 0, Counter({"@eaDir": 1}))),
        Listing("b\udcff*.jpg", 0, PassedOver()),
    ]
    tally = TagsTally(5, 4, 1, [(3, "absent.jpg")], 1, [(4, "b.jpg")])
    summary = _summary(_annotated("a", "fog"), Unreadable("\udcff.jpg", "sea", "missing"))
    write_counts("bucket://out.report.json", summary, listings, ["out-00000-of-00001.csv"], tally)
    counts = take_counts("bucket://out.report.json")
    assert (counts.summary.annotated, counts.summary.unreadable) == (1, 1)
    assert counts.summary.named == [Unreadable("\udcff.jpg", "sea", "missing")]
    assert counts.unknown_tags == {"images": 1, "tags": 1, "named": {"fog": 1}}
    assert counts.notes == ["the model does not know tags of 1 image and ignored them: fog (1)"]
    assert (counts.listings, counts.tags, counts.files) == (listings, tally, ["out-00000-of-00001.csv"])
    assert not [*bucket.iterdir()]
