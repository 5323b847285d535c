"""Checkpoints that are corrupt, unfinished, or not writable."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from mmannot_tf.training.loop import checkpoint_digest
from mmannot_tf.training.loop.loop import Loop
from tfrecords_tools.shell.errors import UserError


@pytest.fixture
def half(stage_job):
    """A stage after one epoch of two, saved after each step."""
    job = stage_job("half")
    Loop(dataclasses.replace(job, settings=job.settings.model_copy(update={"epochs": 1}))).run()
    return stage_job("half")


@pytest.fixture
def whole(stage_job):
    """The weights of the stage without interruption."""
    job = stage_job("whole")
    Loop(job).run()
    return job.network.model.get_weights()


def _goes_on_to(job, weights):
    Loop(job).run()
    pairs = zip(job.network.model.get_weights(), weights, strict=True)
    return all(np.array_equal(*pair) for pair in pairs)


def _last(job):
    return checkpoint_digest.sealed_checkpoints(job.folder / "checkpoint")[0].prefix


def test_two_are_kept_each_with_its_seal_and_nothing_else(half):
    files = {file.name for file in (half.folder / "checkpoint").iterdir()}
    parts = (".index", ".data-00000-of-00001", ".seal.json")
    assert files == {"checkpoint", *(f"ckpt-{number}{part}" for number in (3, 4) for part in parts)}


@pytest.mark.parametrize("part", [".index", ".data-00000-of-00001", ".seal.json"])
def test_a_flipped_bit_is_noticed_and_the_one_before_is_used(half, whole, part, capsys):
    file = _last(half).with_name(_last(half).name + part)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    assert _goes_on_to(half, whole)
    told = capsys.readouterr().err
    assert "ckpt-4 is corrupt" in told
    assert "trying the one before it" in told


def test_tensorflows_own_list_is_not_needed(half, whole, capsys):
    (half.folder / "checkpoint" / "checkpoint").write_text("not { a list")
    assert _goes_on_to(half, whole)
    assert "resumed in epoch 2 after 0 of 3 steps" in capsys.readouterr().err


def test_one_that_was_not_written_to_its_end_is_said_and_not_used(half, whole, capsys):
    _last(half).with_name("ckpt-4.seal.json").unlink()
    assert _goes_on_to(half, whole)
    assert "ckpt-4 was not written to its end" in capsys.readouterr().err


def test_without_any_sealed_one_the_stage_begins_at_its_start(half, whole, capsys):
    for file in (half.folder / "checkpoint").glob("*.seal.json"):
        file.unlink()
    assert _goes_on_to(half, whole)
    assert "resumed" not in capsys.readouterr().err


def test_one_of_another_network_is_named(half):
    last = _last(half)
    tf.train.Checkpoint(variables=[tf.Variable(1.0)]).write(str(last))
    checkpoint_digest.seal(last)
    with pytest.raises(UserError, match="checkpoint must be intact"):
        Loop(half).run()


@pytest.mark.parametrize("fails", ["writing", "sealing"])
def test_where_one_cannot_be_written_the_last_is_as_it_was_and_nothing_is_left(half, monkeypatch, fails):
    folder = half.folder / "checkpoint"
    before = {file.name: file.read_bytes() for file in folder.glob("ckpt-*")}

    def full(*_, **__):
        (folder / "ckpt-5_temp").mkdir()
        raise OSError(28, "No space left on device")

    if fails == "writing":
        monkeypatch.setattr(tf.train.CheckpointManager, "save", full)
    else:
        monkeypatch.setattr(checkpoint_digest, "write_json", full)
    with pytest.raises(UserError, match=r"checkpoint must be writable.*No space left on device.*is kept"):
        Loop(half).run()
    assert {file.name: file.read_bytes() for file in folder.glob("ckpt-*")} == before
