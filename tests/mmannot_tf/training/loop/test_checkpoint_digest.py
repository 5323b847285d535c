import json

import pytest

from mmannot_tf.training.loop.checkpoint_digest import (
    MAX_TO_KEEP,
    invalidate,
    prune,
    seal,
    sealed_checkpoints,
    unfinished,
)


def _written(folder, number):
    """Writes the files of a checkpoint as TensorFlow does."""
    prefix = folder / f"ckpt-{number}"
    for name, content in ((".index", "places"), (".data-00000-of-00001", "values")):
        prefix.with_name(prefix.name + name).write_text(f"{content} {number}")
    return prefix


def _sealed(folder, number):
    seal(str(_written(folder, number)))
    return sealed_checkpoints(folder)[0]


def test_a_seal_names_each_file_and_vouches_for_it(tmp_path):
    checkpoint = _sealed(tmp_path, 7)
    assert set(json.loads(checkpoint.seal.read_text())) == {
        "ckpt-7.index",
        "ckpt-7.data-00000-of-00001",
        "seal",
    }
    assert checkpoint.fault() is None
    assert checkpoint.prefix == tmp_path / "ckpt-7"


def _flip(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize(
    ("name", "damage", "fault"),
    [
        ("ckpt-7.index", _flip, "ckpt-7.index is not as it was written"),
        ("ckpt-7.data-00000-of-00001", _flip, "ckpt-7.data-00000-of-00001 is not as it was written"),
        ("ckpt-7.data-00000-of-00001", lambda file: file.write_text("val"), "not as it was written"),
        ("ckpt-7.data-00000-of-00001", lambda file: file.unlink(), "ckpt-7.data-00000-of-00001 is missing"),
        ("ckpt-7.index", lambda file: file.unlink(), "ckpt-7.index is missing"),
        ("ckpt-7.seal.json", lambda file: file.write_text("{"), "ckpt-7.seal.json is unreadable"),
        ("ckpt-7.seal.json", lambda file: file.write_text("[1]"), "ckpt-7.seal.json is unreadable"),
        ("ckpt-7.seal.json", lambda file: file.write_text('{"a/b": "0"}'), "ckpt-7.seal.json is unreadable"),
    ],
)
def test_whatever_is_damaged_is_named(tmp_path, name, damage, fault):
    checkpoint = _sealed(tmp_path, 7)
    damage(tmp_path / name)
    assert fault in checkpoint.fault()


def test_the_last_comes_first_by_number_not_by_name(tmp_path):
    for number in (9, 10, 11):
        _sealed(tmp_path, number)
    assert [checkpoint.number for checkpoint in sealed_checkpoints(tmp_path)] == [11, 10, 9]


def test_one_without_a_seal_is_unfinished_if_it_is_later_than_all_that_have_one(tmp_path):
    _written(tmp_path, 1)
    _sealed(tmp_path, 2)
    _written(tmp_path, 3)
    assert unfinished(tmp_path) == ["ckpt-3"]
    assert [checkpoint.number for checkpoint in sealed_checkpoints(tmp_path)] == [2]


def test_tidying_keeps_the_last_ones_and_tensorflows_list(tmp_path):
    for number in range(1, MAX_TO_KEEP + 3):
        _sealed(tmp_path, number)
    _written(tmp_path, 9)
    (tmp_path / "ckpt-10_temp").mkdir()
    (tmp_path / ".ckpt-9.seal.json.x").mkdir()
    (tmp_path / "checkpoint").write_text("list")
    prune(tmp_path)
    parts = (".index", ".data-00000-of-00001", ".seal.json")
    kept = {f"ckpt-{number}{part}" for number in (MAX_TO_KEEP + 1, MAX_TO_KEEP + 2) for part in parts}
    assert {file.name for file in tmp_path.iterdir()} == {*kept, "checkpoint"}


def test_a_checkpoint_to_be_written_again_loses_its_old_seal(tmp_path):
    _sealed(tmp_path, 1)
    _sealed(tmp_path, 2)
    invalidate(tmp_path / "ckpt-2")
    assert [checkpoint.number for checkpoint in sealed_checkpoints(tmp_path)] == [1]
    assert not list(tmp_path.glob("ckpt-2*"))


def test_a_folder_that_is_not_there_holds_none(tmp_path):
    assert sealed_checkpoints(tmp_path / "none") == []
    assert unfinished(tmp_path / "none") == []
    invalidate(tmp_path / "none" / "ckpt-1")
