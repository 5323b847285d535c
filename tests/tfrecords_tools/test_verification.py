import json

import pytest

from tfrecords_tools.records import Records, open_records
from tfrecords_tools.verification import verify

SHARD = "synthetic-train.tfrecord-00000-of-00001"


def relist(records: Records, change) -> Records:
    """The records after their marker was edited."""
    marker = json.loads((records.path / "records.json").read_text())
    change(marker)
    (records.path / "records.json").write_text(json.dumps(marker))
    return open_records(records.path)


def test_whole_records_have_no_problem(built: Records):
    assert verify(built) == []


def test_a_flipped_byte_is_found_twice(copied: Records):
    content = bytearray((copied.path / SHARD).read_bytes())
    content[len(content) // 2] ^= 1
    (copied.path / SHARD).write_bytes(content)
    problems = verify(copied)
    assert f"{SHARD}: SHA-256 differs from records.json's" in problems
    assert any(problem.startswith(f"{SHARD}: unreadable after record") for problem in problems)


@pytest.mark.parametrize("name", [SHARD, "features.json", "vocabulary.tsv"])
def test_a_missing_file_is_named(copied: Records, name: str):
    (copied.path / name).unlink()
    assert f"{name}: missing" in verify(copied)


def test_a_stranger_is_named(copied: Records):
    (copied.path / "notes.txt").write_text("mine")
    assert verify(copied) == ["notes.txt: not listed in records.json"]


def test_counts_that_differ_are_named(copied: Records):
    spoilt = relist(copied, lambda marker: marker["splits"].update(train=31))
    assert verify(spoilt) == ["records.json: states 31 train images, 30 could be read"]


def test_labels_beyond_the_names_are_named(copied: Records):
    spoilt = relist(copied, lambda marker: marker.update(labels=marker["labels"][:2]))
    assert any("label ids must lie in 0..1" in problem for problem in verify(spoilt))


def test_content_other_than_the_digest_is_named(copied: Records):
    spoilt = relist(copied, lambda marker: marker.update(labels=marker["labels"][::-1]))
    assert verify(spoilt) == ["records.json: digest differs from that of the records"]
