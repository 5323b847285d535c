"""A corrupt checkpoint: its digest shows it, and the one before it is used."""

import pytest

from tfrecords_tools.shell.files import sha256

pytestmark = [pytest.mark.faults, pytest.mark.exhaustive]

ONLY = ("--stages", "cnn")


def _flip(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 3] ^= 1
    file.write_bytes(content)


def _truncate(file):
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


DAMAGES = {"one bit flipped": _flip, "cut to half": _truncate, "removed": lambda file: file.unlink()}


def _data(rig):
    """The data files of the kept checkpoints, the last one first."""
    files = (rig.run / "stages" / "cnn" / "checkpoint").glob("*.data-*")
    return sorted(files, key=lambda file: int(file.name.split(".")[0].split("-")[1]), reverse=True)


def test_the_one_before_is_used_and_that_is_said(begun, untouched, row):
    for number, (damage, break_) in enumerate(DAMAGES.items()):
        last, _ = _data(begun)
        break_(last)
        taken = begun.repeated()
        _, told = begun.done(*ONLY, place=7 + 2 * number, do="kill")
        (line,) = [line for line in told if "is corrupt" in line]
        assert last.name in line, damage
        assert "trying the one before it" in line
        assert begun.repeated() - taken <= 2
    status, told = begun.done(*ONLY)
    assert status == 0, told
    assert begun.result("cnn") == untouched.result("cnn")
    row(
        f"the last checkpoint's data file: {', '.join(DAMAGES)}",
        how="between two processes, a checkpoint after each step",
        times=len(DAMAGES),
        lost=f"{begun.repeated()} steps in all, never more than 2",
        recovered="bit for bit, from the checkpoint before; said",
    )


def test_where_none_is_whole_it_is_one_line(begun, row):
    for file in _data(begun):
        _flip(file)
    before = {file: sha256(file) for file in _data(begun)}
    status, told = begun.done(*ONLY)
    assert status == 1, told
    (line,) = [line for line in told if line.startswith("error: ")]
    assert "checkpoint, or the one before it, must be intact" in line
    assert "to start the stage again" in line
    assert {file: sha256(file) for file in _data(begun)} == before
    row(
        "both checkpoints broken",
        how="one bit flipped in each",
        times=1,
        lost="the stage under way",
        recovered="no: one line names both, nothing is deleted",
    )
