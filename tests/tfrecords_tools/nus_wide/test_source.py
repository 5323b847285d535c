import dataclasses
import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfrecords_tools.building.rules import Rules
from tfrecords_tools.building.source import RecordSource
from tfrecords_tools.building.splitting import is_held_out
from tfrecords_tools.nus_wide.settings import NusWideSettings
from tfrecords_tools.nus_wide.source import nus_wide_source
from tfrecords_tools.shell.errors import UserError

PROTOCOLS = ("paper", "official-all", "150000-59347", "150000-40253")


def source_of(raw: Path, **changes) -> RecordSource:
    return nus_wide_source(NusWideSettings(raw, **changes))


def content(source: RecordSource) -> dict[str, list[tuple]]:
    """By split, each example's id, labels and tags, in order."""
    return {
        name: [(one.id, one.labels, one.tags) for one in split.examples()]
        for name, split in source.splits.items()
    }


def described(entries, concepts, tags) -> list[tuple]:
    """What the test wrote, as a source should tell it."""
    return [
        (
            file.removesuffix(".jpg"),
            tuple(concept for concept in concepts if concept in labels),
            tuple(tag for tag in tags if tag in own),
        )
        for file, labels, own in entries
    ]


def test_the_tree_becomes_the_examples_it_describes(raw: Path, halves, concepts, tag_list):
    source = source_of(raw, validation_share=0.3)
    assert (source.name, source.config, source.labels) == ("nus_wide", "paper", concepts)
    train, test = (described(half, concepts, tag_list) for half in halves)
    found = content(source)
    assert found["test"] == test
    assert found["validation"] == [one for one in train if is_held_out(one[0], 0.3)] != []
    assert found["train"] == [one for one in train if not is_held_out(one[0], 0.3)]
    assert {name: split.candidates for name, split in source.splits.items()} == {
        name: len(examples) for name, examples in found.items()
    }
    assert not source.defects
    assert not source.has_groups
    (first, *_) = source.splits["test"].examples()
    assert first.image == raw / "Flickr" / "actor" / "0030_1030.jpg"
    assert first.groups is None


@pytest.mark.parametrize("ends", [{"end": "\r\n"}, {"last": "\n\n"}, {"end": "\r\n", "last": "\r\n"}])
def test_line_ends_do_not_matter(raw: Path, tmp_path: Path, write_official, halves, ends):
    other = write_official(tmp_path / "other", *halves, **ends)
    assert content(source_of(other)) == content(source_of(raw))


def test_examples_can_be_asked_for_again(raw: Path):
    source = source_of(raw)
    assert content(source) == content(source)


def test_files_that_a_directory_also_holds_are_not_read(raw: Path):
    before = content(source_of(raw))
    (raw / "Groundtruth" / "TrainTestLabels" / "Labels_zebra_Train.txt").write_text("broken")
    for name in ("All_Tags.txt", "Train_Tags81.txt", "Test_Tags81.txt"):
        (raw / "NUS_WID_Tags" / name).write_text("broken")
    assert content(source_of(raw)) == before


@given(
    st.lists(
        st.tuples(
            st.booleans(),
            st.sets(st.sampled_from(["water", "waterfall", "lake", "sun", "sunset", "cat"])),
            st.sets(st.integers(0, 9)),
        ),
        min_size=2,
        max_size=25,
    ),
    st.sampled_from(["\n", "\r\n"]),
)
@settings(max_examples=25, deadline=None)
def test_any_labels_and_tags_come_back(
    tmp_path_factory, write_official, concepts, tag_list, images: list, end: str
):
    images[0], images[1] = (True, *images[0][1:]), (False, *images[1][1:])
    entries = [
        (learned, (f"car_crash/{row}_{row}.jpg", labels, {tag_list[tag] for tag in tags}))
        for row, (learned, labels, tags) in enumerate(images)
    ]
    train = [entry for learned, entry in entries if learned]
    test = [entry for learned, entry in entries if not learned]
    raw = write_official(tmp_path_factory.mktemp("any"), train, test, end=end)
    found = content(source_of(raw, protocol="official-all"))
    assert found["test"] == described(test, concepts, tag_list)
    assert sorted(found["train"] + found["validation"]) == sorted(described(train, concepts, tag_list))


def test_every_error_of_a_raw_file_is_a_defect_and_repaired_in_place(raw: Path, edited):
    before = content(source_of(raw, protocol="official-all"))
    edited(raw / "Groundtruth" / "TrainTestLabels" / "Labels_lake_Train.txt", 9, "-1130179")
    edited(raw / "ImageList" / "TestImagelist.txt", 2, r"actor\0030_1030.jpg")
    edited(raw / "NUS_WID_Tags" / "Test_Tags1k.dat", 1, "5\t" + "0\t" * 9)
    source = source_of(raw, protocol="official-all")
    assert [str(defect).split(": ")[0] for defect in source.defects] == [
        "ImageList/TestImagelist.txt:2",
        "Groundtruth/TrainTestLabels/Labels_lake_Train.txt:9",
        "NUS_WID_Tags/Test_Tags1k.dat:1",
    ]
    after = content(source)
    assert source.splits["test"].candidates == 19
    assert after["test"][0] == (*before["test"][0][:2], ())
    assert after["test"][1:] == before["test"][2:]
    known = dict((one[0], one[1]) for one in before["train"] + before["validation"])
    for name, labels, _ in after["train"] + after["validation"]:
        assert labels == tuple(
            label for label in known[name] if (name, label) != ("car_crash/0008_1008", "lake")
        )


def test_a_photograph_under_two_paths_is_kept_and_listed(raw: Path, edited):
    edited(raw / "ImageList" / "TestImagelist.txt", 3, r"power_plant\0444_1002.jpg")
    source = source_of(raw)
    assert source.repeated == {"1002": ("car_crash/0002_1002", "power_plant/0444_1002")}
    assert source.splits["test"].candidates == 20


def test_tags_equal_to_a_label_stay_unless_dropped(raw: Path):
    kept, dropped = source_of(raw), source_of(raw, drop_label_tags=True)
    assert kept.settings != dropped.settings
    counts = [Counter(tag for split in content(one).values() for _, _, tags in split for tag in tags)
              for one in (kept, dropped)]  # fmt: skip
    assert counts[0]["cat"] > 0 < counts[0]["water"]
    assert counts[1] == Counter({tag: n for tag, n in counts[0].items() if tag not in ("cat", "water")})


def test_drawn_protocols_take_labelled_and_labelled_and_tagged_images_of_both_lists(
    raw: Path, halves, concepts, tag_list
):
    everything = described(halves[0] + halves[1], concepts, tag_list)
    labelled = [one for one in everything if one[1]]
    tagged = [one for one in labelled if one[2]]
    assert (len(everything), len(labelled), len(tagged)) == (50, 48, 46)
    for protocol, eligible, train in (("150000-59347", labelled, 34), ("150000-40253", tagged, 36)):
        found = content(source_of(raw, protocol=protocol, validation_share=0.25))
        assert len(found["train"]) + len(found["validation"]) == train
        assert sorted(one for split in found.values() for one in split) == sorted(eligible)
        assert all(is_held_out(one[0], 0.25) for one in found["validation"])
        assert not any(is_held_out(one[0], 0.25) for one in found["train"])
        assert {one[0] for one in found["test"]} & {file[:-4] for file, _, _ in halves[0]}


def test_a_drawn_protocol_holds_out_its_share_for_validation(tmp_path: Path, write_official):
    """A draw shared by the test and the validation split would hold out 0.2 / 0.7165 = 0.28 of them."""
    entries = [(f"cat/{number}_{number}.jpg", {"cat"}, {"sky"}) for number in range(3000)]
    splits = source_of(
        write_official(tmp_path, entries[:1500], entries[1500:]),
        protocol="150000-59347",
        validation_share=0.2,
    ).splits
    assert splits["train"].candidates + splits["validation"].candidates == 2150
    assert splits["validation"].candidates / 2150 == pytest.approx(0.2, abs=0.03)
    assert splits["test"].candidates == 850


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_published_counts_follow_the_protocol(raw: Path, protocol: str):
    source = source_of(raw, protocol=protocol)
    counts = [(printed.train, printed.test) for printed in source.published]
    assert (
        counts
        == {
            "paper": [(94_570, 55_335), (125_449, 83_898)],
            "official-all": [(161_789, 107_859)],
            "150000-59347": [(150_000, 59_347)],
            "150000-40253": [(150_000, 40_253)],
        }[protocol]
    )


def test_moved_raw_files_are_the_same_settings_and_changed_ones_are_not(raw: Path, tmp_path: Path, edited):
    before = source_of(raw).settings
    json.dumps(before)
    moved = raw.rename(tmp_path / "moved")
    assert source_of(moved).settings == before
    edits = {
        "Groundtruth/TrainTestLabels/Labels_sunset_Test.txt": "1",
        "NUS_WID_Tags/Test_Tags1k.dat": "1\t" * 10,
        "NUS_WID_Tags/TagList1k.txt": "other",
        "ImageList/TrainImagelist.txt": r"actor\0000_77.jpg",
    }
    for name, line in edits.items():
        path = moved / name
        text = path.read_bytes()
        edited(path, 1, line)
        assert source_of(moved).settings != before, name
        path.write_bytes(text)
    assert source_of(moved).settings == before


def test_the_tolerance_is_no_setting_of_the_content(raw: Path):
    assert source_of(raw, rules=Rules(bad_share=0.5)).settings == source_of(raw).settings


def test_groups_of_listed_photographs(raw: Path, tmp_path: Path):
    file = tmp_path / "groups.tsv"
    file.write_text("1030\tCats\tSunsets\n1031\tmañana\n77777\tunlisted\n", encoding="utf-8")
    source = source_of(raw, groups=file)
    first, second, third, *_ = source.splits["test"].examples()
    assert source.has_groups
    assert [one.groups for one in (first, second, third)] == [("Cats", "Sunsets"), ("mañana",), ()]
    assert source.settings["groups"] != source_of(raw).settings["groups"]
    assert source.notes == ("photographs of groups.tsv that are not listed: 1",)


def test_groups_of_other_photographs_only_are_refused(raw: Path, tmp_path: Path):
    file = tmp_path / "groups.tsv"
    file.write_text("77777\tunlisted\n")
    with pytest.raises(UserError, match="none of 1 is listed"):
        source_of(raw, groups=file)


def test_dropping_only_rules_leaves_candidates_alone(raw: Path):
    settings = NusWideSettings(raw)
    kept = dataclasses.replace(settings, rules=Rules(keep_unlabelled=True, keep_untagged=True))
    assert nus_wide_source(settings).candidates == nus_wide_source(kept).candidates == 50
