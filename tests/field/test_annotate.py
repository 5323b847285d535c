"""Bulk annotation goes on after trouble, and says what it passed over."""

import json

import pytest

from mmannot_tf.cli.main import main


@pytest.fixture
def folder(scenes, tmp_path):
    """Two photographs, the second cut short; and the whole second one."""
    good, whole = (file.read_bytes() for file in list(scenes)[:2])
    (tmp_path / "a.jpg").write_bytes(good)
    (tmp_path / "b.jpg").write_bytes(whole[: len(whole) // 2])
    return tmp_path, whole


def _annotate(capsys, *arguments):
    status = main(["annotate", *map(str, arguments)])
    return status, capsys.readouterr().err


def _records(out):
    return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]


def test_fault_16_a_photograph_with_an_error_is_tried_again(tiny_run, folder, tmp_path_factory, capsys):
    photos, whole = folder
    out = tmp_path_factory.mktemp("out") / "labels.jsonl"
    command = (tiny_run.path, photos, "--out", out)
    assert _annotate(capsys, *command)[0] == 1
    status, stderr = _annotate(capsys, *command)
    assert status == 1 and "1 with an error, named above" in stderr
    (photos / "b.jpg").write_bytes(whole)
    status, stderr = _annotate(capsys, *command)
    assert (status, "annotated 1 photograph in" in stderr) == (0, True)
    assert ["error" in record for record in _records(out)] == [False, False]


def test_fault_31_an_output_with_errors_never_exits_0(tiny_run, folder, tmp_path_factory, capsys):
    photos, _ = folder
    out = tmp_path_factory.mktemp("out") / "labels.csv"
    assert _annotate(capsys, tiny_run.path, photos, "--out", out)[0] == 1
    for more in ((photos / "a.jpg",), (photos, "--keep-errors")):
        status, stderr = _annotate(capsys, tiny_run.path, *more, "--out", out)
        assert status == 1 and "1 in the output with an error of an earlier run" in stderr
    assert _annotate(capsys, tiny_run.path, photos, "--out", out, "--on-error", "skip")[0] == 0


def test_fault_16_an_address_out_of_reach_is_no_photograph(tiny_run, tmp_path, capsys):
    status, stderr = _annotate(
        capsys, tiny_run.path, "gs://bucket/photos", "--out", tmp_path / "labels.jsonl"
    )
    assert status == 1 and "gs://bucket/photos" in stderr and "pip install 'gcsfs" in stderr
    assert not (tmp_path / "labels.jsonl").exists()
