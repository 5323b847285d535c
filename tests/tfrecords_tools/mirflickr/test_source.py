import re
from collections import Counter
from pathlib import Path

import pytest

from tfrecords_tools.building.rules import Rules
from tfrecords_tools.building.source import RecordSource
from tfrecords_tools.building.splitting import is_held_out
from tfrecords_tools.mirflickr import source as module
from tfrecords_tools.mirflickr.settings import MirflickrSettings
from tfrecords_tools.mirflickr.source import mirflickr_source
from tfrecords_tools.shell.errors import UserError

README = Path(module.__file__).with_name("README.md")


def source_of(raw: Path, **changes) -> RecordSource:
    return mirflickr_source(MirflickrSettings(raw, **changes))


def content(source: RecordSource) -> dict[str, tuple]:
    """Every example's split, labels and tags by its id."""
    return {
        one.id: (name, one.labels, one.tags)
        for name, split in source.splits.items()
        for one in split.examples()
    }


def test_the_tree_becomes_the_examples_it_describes(raw: Path):
    source = source_of(raw, validation_share=0.3)
    assert (source.name, source.config, len(source.labels)) == ("mirflickr", "modulo-all", 38)
    found = content(source)
    assert len(found) == 20
    assert {name for name, (split, *_) in found.items() if split == "test"} == {
        f"im{number}" for number in (4, 5, 9, 10, 14, 15, 19, 20)
    }
    held_out = {name for name, (split, *_) in found.items() if split == "validation"}
    assert held_out == {name for name in found if found[name][0] != "test" and is_held_out(name, 0.3)}
    assert held_out
    assert found["im1"][1:] == (("people", "people_r1", "sky"), ("sky", "new york", "nikon"))
    assert found["im2"][1:] == ((), ("2008",))
    assert found["im3"][1:] == (("sky",), ())
    assert found["im4"][1:] == (("night", "people"), ("mañana",))
    assert {name: split.candidates for name, split in source.splits.items()} == Counter(
        split for split, *_ in found.values()
    )
    (first, *_) = source.splits["test"].examples()
    assert first.image == raw / "mirflickr" / "im4.jpg"
    assert not source.defects
    part, counts = source.notes
    assert part == "20 of the collection's 25,000 images are here"
    assert counts.startswith(
        "images with a label, here / in a public copy of all 25,000: animals 0 / 3,216, "
    )
    labels = [labels for _, labels, _ in found.values()]
    sky, labelled = sum("sky" in each for each in labels), sum(map(bool, labels))
    assert f", sky {sky} / 7,912, " in counts and counts.endswith(f", any {labelled:,} / 24,581")


@pytest.mark.parametrize(
    ("label_set", "count", "first"),
    [
        ("all", 38, ("people", "people_r1", "sky")),
        ("potential", 24, ("people", "sky")),
        ("relevant", 14, ("people_r1",)),
    ],
)
def test_labels_are_of_the_set(raw: Path, label_set, count, first):
    source = source_of(raw, labels=label_set)
    assert (len(source.labels), source.config) == (count, f"modulo-{label_set}")
    assert content(source)["im1"][1] == first


@pytest.mark.parametrize("folder", ["mirflickr25k_annotations_v080", "mirflickr", "."])
def test_the_annotation_archive_may_be_unpacked_elsewhere(tmp_path: Path, raw: Path, write_official, folder):
    other = write_official(tmp_path / "other", annotations=folder)
    assert content(source_of(other)) == content(source_of(raw))
    assert source_of(other).settings == source_of(raw).settings


def test_a_random_draw_depends_on_its_seed_alone(tmp_path: Path, raw: Path, write_official):
    def training(folder, **changes):
        found = content(source_of(folder, protocol="random", **changes))
        return {name for name, (split, *_) in found.items() if split != "test"}

    part = write_official(tmp_path / "part", images=9)
    assert source_of(raw, protocol="random", split_seed=2).config == "random2-all"
    assert training(raw) == training(raw) != training(raw, split_seed=1)
    assert training(part) == {name for name in training(raw) if int(name[2:]) <= 9}


def test_broken_lines_are_defects_that_a_repair_leaves_out(raw: Path):
    whole = content(source_of(raw))
    with (raw / "annotations" / "sky.txt").open("a") as file:
        file.write("3\n25001\nx7\n\n")
    (raw / "mirflickr" / "meta" / "tags" / "tags5.txt").unlink()
    (raw / "mirflickr" / "meta" / "tags" / "tags6.txt").write_bytes(b"caf\xe9\r\n")
    source = source_of(raw)
    assert [str(defect).partition(";")[0] for defect in source.defects] == [
        "annotations/sky.txt:11: image 3 must stand in the file once",
        "annotations/sky.txt:12: '25001' must be a number from 1 to 25000",
        "annotations/sky.txt:13: 'x7' must be a number from 1 to 25000",
        "mirflickr/meta/tags/tags5.txt:1: the file is missing",
        "mirflickr/meta/tags/tags6.txt:1: the file is no UTF-8 text",
    ]
    repaired = content(source)
    assert {name: one for name, one in repaired.items() if one != whole[name]} == {
        "im5": (*whole["im5"][:2], ()),
        "im6": (*whole["im6"][:2], ()),
    }


def moved(name, to):
    return lambda raw: (raw / name).rename(raw / to)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda raw: (raw / "annotations" / "tree.txt").unlink(), "every label must have.*without tree"),
        (moved("annotations", "labels"), "must hold the annotation archive's files"),
        (moved("mirflickr", "images"), "must hold mirflickr/"),
        (moved("mirflickr/meta/tags", "tags"), "must hold mirflickr/meta/tags/"),
        (lambda raw: (raw / "mirflickr" / "im25001.jpg").touch(), "im25001.jpg"),
        (lambda raw: [path.unlink() for path in raw.glob("mirflickr/*.jpg")], "images must be named imN.jpg"),
    ],
)
def test_what_is_missing_is_named(raw: Path, spoil, message):
    spoil(raw)
    with pytest.raises(UserError, match=message):
        source_of(raw)
    with pytest.raises(UserError, match="raw folder must exist"):
        source_of(raw / "nowhere")


@pytest.mark.exhaustive  # writes 50,000 files
def test_a_whole_collection_is_no_part(tmp_path: Path, write_official):
    (note,) = source_of(write_official(tmp_path / "raw", images=25_000)).notes
    assert note.startswith("images with a label, here / in a public copy of all 25,000: animals 0 / 3,216, ")


def test_the_settings_hold_a_digest_of_labels_and_tags(raw: Path):
    before = source_of(raw).settings
    (raw / "mirflickr" / "meta" / "tags" / "tags7.txt").write_text("other")
    tags = source_of(raw).settings
    (raw / "annotations" / "sky.txt").write_text("1\n")
    labels = source_of(raw).settings
    changed = [
        [name for name in first["annotations"] if first["annotations"][name] != second["annotations"][name]]
        for first, second in ((before, tags), (tags, labels))
    ]
    assert changed == [["tagsN.txt"], ["LABEL.txt"]]


@pytest.mark.exhaustive
def test_the_real_part_has_the_counts_of_its_readme(real: Path):
    source = source_of(real)
    counts = {"train": Counter(), "test": Counter()}
    for split, labels, tags in content(source).values():
        counts["test" if split == "test" else "train"][bool(labels), bool(tags)] += 1
    assert counts == {
        "train": {(True, True): 7_044, (True, False): 1_820, (False, False): 136},
        "test": {(True, True): 4_600, (True, False): 1_303, (False, False): 97},
    }
    assert not source.defects
    part, counts = source.notes
    assert part == "15,000 of the collection's 25,000 images are here"
    table = re.findall(r"^\| `(\w+)` \| ([\d,]+) \| ([\d,]+) \|", README.read_text(), re.MULTILINE)
    assert len(table) == 24
    for name, whole, of_part in table:
        assert f" {name} {of_part} / {whole}," in counts
    assert counts.endswith(", any 14,767 / 24,581")


def test_untagged_images_are_dropped_on_request(raw: Path):
    assert source_of(raw).rules.drop_reason(("sky",), ()) is None
    assert source_of(raw, rules=Rules()).rules.drop_reason(("sky",), ()) == "untagged"
