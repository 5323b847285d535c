import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import tensorflow as tf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tfrecords_tools.building.building import build_records, file_digests
from tfrecords_tools.cli.main import main
from tfrecords_tools.reading.example import Example, features
from tfrecords_tools.reading.marker import seal
from tfrecords_tools.reading.records import MARKER, VOCABULARY, Records, open_records
from tfrecords_tools.reading.verification import verify
from tfrecords_tools.shell.files import json_text, read_json, write_json
from tfrecords_tools.synthetic.settings import SyntheticSettings
from tfrecords_tools.synthetic.source import synthetic_source

SHARD = "synthetic-train.tfrecord-00000-of-00001"
FILES = [
    MARKER,
    VOCABULARY,
    "dataset_info.json",
    "features.json",
    "labels.labels.txt",
    SHARD,
    SHARD.replace("train", "validation"),
    SHARD.replace("train", "test"),
]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Few, small images, so that each of many spoilt copies is quickly read."""
    few = SyntheticSettings(images=6, test_images=2, validation_share=0.3, size=32, seed=5)
    return build_records(synthetic_source(few), out=tmp_path_factory.mktemp("tiny")).path


@pytest.fixture
def spoilable(tiny: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny, tmp_path / "tiny")


def resealed(records: Records, change: Callable[[dict], object]) -> Records:
    """The records after their marker was edited by someone who knows how to seal it."""
    marker = read_json(records.path / MARKER, "marker")
    change(marker)
    write_json(records.path / MARKER, {**marker, "seal": seal(marker)})
    return open_records(records.path)


def flip(path: Path, bit: int) -> None:
    content = bytearray(path.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)


def test_whole_records_have_no_problem(built: Records):
    assert verify(built) == []


def test_a_flipped_byte_is_found_twice(copied: Records):
    flip(copied.path / SHARD, 4 * (copied.path / SHARD).stat().st_size)
    problems = verify(copied)
    assert f"{SHARD}: SHA-256 differs from records.json's" in problems
    assert any(problem.startswith(f"{SHARD}: unreadable from record") for problem in problems)


@pytest.mark.parametrize("name", [SHARD, "features.json", "vocabulary.tsv"])
def test_a_missing_file_is_named(copied: Records, name: str):
    (copied.path / name).unlink()
    problems = verify(copied)
    assert f"{name}: missing" in problems
    assert not any("unreadable" in problem for problem in problems)


def test_a_stranger_is_named(copied: Records):
    (copied.path / "notes.txt").write_text("mine")
    assert verify(copied) == ["notes.txt: not listed in records.json"]


def test_counts_that_differ_are_named(copied: Records):
    spoilt = resealed(copied, lambda marker: marker["splits"].update(train=31))
    assert verify(spoilt) == ["records.json: states 31 train images, 30 could be read"]


def test_labels_beyond_the_names_are_named(copied: Records):
    spoilt = resealed(copied, lambda marker: marker.update(labels=marker["labels"][:2]))
    problems = verify(spoilt)
    assert any("label ids must lie in 0..1" in problem for problem in problems)
    assert not any("converts BMP" in problem for problem in problems)  # the remedy of another fault


def test_content_other_than_the_digest_is_named(copied: Records):
    spoilt = resealed(copied, lambda marker: marker.update(labels=marker["labels"][::-1]))
    assert verify(spoilt) == ["records.json: digest differs from that of the records"]


def test_the_files_there_are_the_ones_flipped_below(tiny: Path):
    assert sorted(path.name for path in tiny.iterdir()) == sorted(FILES)


@pytest.mark.slow
@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(share=st.floats(0, 1, exclude_max=True))
@pytest.mark.parametrize("name", FILES)
def test_any_flipped_bit_of_any_file_is_a_problem(tiny: Path, spoilable: Path, name: str, share: float):
    content = (tiny / name).read_bytes()
    (spoilable / name).write_bytes(content)
    flip(spoilable / name, int(share * 8 * len(content)))
    assert main(["verify", str(spoilable)]) == 1


@pytest.mark.exhaustive
def test_flipped_bits_all_over_the_metadata_are_problems(tiny: Path, spoilable: Path):
    content = (tiny / MARKER).read_bytes()
    for bit in range(0, 8 * len(content), 11):
        (spoilable / MARKER).write_bytes(content)
        flip(spoilable / MARKER, bit)
        assert main(["verify", str(spoilable)]) == 1, bit


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_every_missing_file_and_every_cut_file_is_a_problem(tiny: Path, spoilable: Path, name: str, capsys):
    content = (tiny / name).read_bytes()
    (spoilable / name).write_bytes(content[: random.Random(name).randrange(len(content))])
    assert main(["verify", str(spoilable)]) == 1
    (spoilable / name).unlink()
    assert main(["verify", str(spoilable)]) == 1
    assert str(spoilable) in capsys.readouterr().err


def test_a_vocabulary_that_is_no_text_is_one_named_failure(copied: Records, capsys):
    (copied.path / VOCABULARY).write_bytes(b"\xff\t3\n")
    assert main(["verify", str(copied.path)]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"error: tag vocabulary must be UTF-8 text. Received: {copied.path}")
    assert error.count("\n") == 1


def test_metadata_of_the_same_values_but_other_bytes_is_a_problem(copied: Records):
    path = copied.path / MARKER
    assert path.read_bytes() == json_text(read_json(path, "marker")).encode()
    path.write_bytes(path.read_bytes() + b"\n")
    assert [problem.partition(":")[0] for problem in verify(copied)] == [MARKER]


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (lambda marker: marker.pop("seal"), "has no seal"),
        (lambda marker: marker.update(source="synthetik"), "seal differs"),
        (lambda marker: marker["settings"].update(seed=4), "seal differs"),
        (lambda marker: marker.update(seal="0" * 64), "seal differs"),
    ],
)
def test_metadata_that_were_edited_are_a_problem(copied: Records, edited, change, finding: str):
    edited(copied.path / MARKER, change)
    assert [problem.startswith(f"{MARKER}: {finding}") for problem in verify(copied)] == [True]


def test_a_marker_that_is_gone_by_then_is_a_problem(copied: Records):
    (copied.path / MARKER).unlink()
    assert [problem.startswith(f"{MARKER}: ") for problem in verify(copied)] == [True]


@pytest.mark.parametrize("content", ["5", '"seal"'])
def test_a_marker_that_is_no_object_is_a_problem(copied: Records, content: str):
    (copied.path / MARKER).write_text(content)
    assert [problem.startswith(f"{MARKER}: has no seal") for problem in verify(copied)] == [True]


def test_a_marker_that_lists_no_files_is_a_problem(copied: Records):
    assert verify(resealed(copied, lambda marker: marker.update(files={}))) == [f"{MARKER}: lists no files"]


def rewritten(records: Records, shard: str, change: Callable[[int, bytes], bytes]) -> Records:
    """The records after one shard was written anew, checksums, SHA-256 and seal all right."""
    path = records.path / shard
    serialized = [record.numpy() for record in tf.data.TFRecordDataset(str(path))]
    with tf.io.TFRecordWriter(str(path)) as writer:
        for place, record in enumerate(serialized):
            writer.write(change(place, record))
    return resealed(records, lambda marker: marker.update(files=file_digests(records.path)))


def with_image(records: Records, image: bytes) -> bytes:
    example = Example(id="x", image=image, labels=records.labels[:1], tags=("a",))
    return features(records.labels).serialize_example(example.record(image))


def test_a_rewritten_shard_of_the_same_records_is_whole(copied: Records):
    assert verify(rewritten(copied, SHARD, lambda place, record: record)) == []


@pytest.mark.slow
@pytest.mark.parametrize("spoil", [lambda _: b"no image", lambda _: b"", lambda jpeg: jpeg[: len(jpeg) // 2]])
def test_records_that_do_not_decode_are_named_and_the_others_still_read(copied: Records, make_jpeg, spoil):
    broken = with_image(copied, spoil(make_jpeg(1)))
    spoilt = rewritten(copied, SHARD, lambda place, record: broken if place in (4, 29) else record)
    *records, count = verify(spoilt)
    assert not [problem for problem in records if re.search(r"\n|node|\[Op:", problem)]
    assert [problem.rpartition(f"{SHARD}: record ")[2].partition(":")[0] for problem in records] == [
        "4",
        "29",
    ]
    assert count == "records.json: states 30 train images, 28 could be read"


@pytest.mark.parametrize("other", [b"no example", b"", tf.train.Example().SerializeToString()])
def test_records_of_another_form_are_named(copied: Records, other: bytes):
    spoilt = rewritten(copied, SHARD, lambda place, record: other if place == 0 else record)
    assert verify(spoilt)[0].startswith(f"{SHARD}: record 0: ")


def test_words_that_are_no_utf8_are_named(copied: Records):
    def spoil(place: int, record: bytes) -> bytes:
        example = tf.train.Example.FromString(record)
        if place == 2:
            example.features.feature["id"].bytes_list.value[0] = b"\xff"
        return example.SerializeToString()

    (problem, _) = verify(rewritten(copied, SHARD, spoil))
    assert problem.startswith(f"{SHARD}: record 2: 'utf-8' codec can't decode byte 0xff")


def test_the_digest_detects_another_image_under_the_same_id(copied: Records, make_jpeg):
    other = with_image(copied, make_jpeg(9))
    spoilt = rewritten(copied, SHARD, lambda place, record: other if place == 7 else record)
    assert verify(spoilt) == ["records.json: digest differs from that of the records"]
