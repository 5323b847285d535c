import hashlib
import os
import signal
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from tfrecords_tools.building import examining
from tfrecords_tools.building.examining import AHEAD, CHUNK, examine
from tfrecords_tools.reading.example import Example
from tfrecords_tools.shell.errors import UserError


def examples(folder: Path, make_jpeg, count: int) -> list[Example]:
    """Files of which every seventh is broken, every eleventh is missing; every fifth is in memory."""
    made = []
    for number in range(count):
        path = folder / f"{number}.jpg"
        content = b"no image" if number % 7 == 3 else make_jpeg(number, side=8)
        if number % 11 != 4:
            path.write_bytes(content)
        made.append(Example(str(number), content if number % 5 == 2 else path, ("sea",), ()))
    return made


@pytest.mark.exhaustive
def test_other_processes_find_what_this_one_finds_in_the_same_order(
    tmp_path: Path, make_jpeg, capfd, monkeypatch
):
    given = examples(tmp_path, make_jpeg, 2 * CHUNK * AHEAD + 5)
    here = list(examine(given))
    assert [one.example for one in here] == given
    capfd.readouterr()
    monkeypatch.setattr(examining, "STARTING_SECONDS", 1e-9)  # the first image is read here, the rest there
    monkeypatch.setattr(examining, "thread_count", lambda: 2)
    assert list(examine(given, workers=None)) == here
    assert capfd.readouterr() == ("", "")  # TensorFlow's start-up messages
    assert {one.reason for one in here} == {"", "missing", "not JPEG, PNG, WebP, HEIC, TIFF, BMP or GIF"}
    for one in here:
        if one.image is not None:
            assert one.content == hashlib.sha256(one.image).hexdigest()


def test_bytes_are_left_out_where_they_are_not_wanted(tmp_path: Path, make_jpeg):
    given = examples(tmp_path, make_jpeg, 12)
    without = list(examine(given, images=False))
    assert {one.image for one in without} == {None}
    assert [(one.content, one.reason) for one in without] == [
        (one.content, one.reason) for one in examine(given)
    ]


@pytest.mark.parametrize(("cores", "seconds"), [(12, examining.STARTING_SECONDS), (1, 0.0)])
def test_no_process_is_started_for_few_images_or_on_one_core(
    tmp_path: Path, make_jpeg, monkeypatch, cores, seconds
):
    monkeypatch.setattr(examining, "thread_count", lambda: cores)
    monkeypatch.setattr(examining, "STARTING_SECONDS", seconds)
    monkeypatch.setattr(BaseProcess, "start", None)
    given = examples(tmp_path, make_jpeg, 12)
    assert list(examine(given, workers=None)) == list(examine(given))
    assert list(examine([], workers=2)) == []


@pytest.mark.exhaustive
def test_a_process_that_is_killed_is_one_clear_line(tmp_path: Path, make_jpeg, monkeypatch):
    import multiprocessing

    given = examples(tmp_path, make_jpeg, 4 * CHUNK)
    results = examine(given, workers=1)
    next(results)
    for child in multiprocessing.active_children():
        os.kill(child.pid, signal.SIGKILL)
    with pytest.raises(UserError, match="fewer --workers"):
        list(results)
