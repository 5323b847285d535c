import json

import pytest
from rich.progress import Progress

from mmannot_tf.training.loop.stage_log import StageLog


@pytest.fixture
def log(tmp_path):
    with Progress(disable=True) as bars:
        log = StageLog(tmp_path, name="cnn", epochs=9, steps=6, batch_size=16, bars=bars)
        yield log
        log.close()


def test_a_line_without_its_end_is_removed_before_the_next_one(log, tmp_path, capsys):
    file = tmp_path / "log.jsonl"
    for epoch in (1, 2):
        log.epoch(epoch, {"loss": 0.5}, images_per_second=9.0)
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    log.resumed(2, 0)
    assert file.read_bytes() == whole[: whole.index(b"\n") + 1]
    assert "1 line is removed" in capsys.readouterr().err
    log.epoch(3, {"loss": 0.25}, images_per_second=9.0)
    assert [json.loads(line)["epoch"] for line in file.read_text().splitlines()] == [1, 3]


def test_a_full_disk_names_the_log(log, tmp_path):
    (tmp_path / "log.jsonl").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left") as caught:
        log.epoch(2, {"loss": 0.5}, images_per_second=9.0)
    assert caught.value.filename == str(tmp_path / "log.jsonl")
