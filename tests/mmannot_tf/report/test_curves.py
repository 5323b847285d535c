import json

import pytest

from mmannot_tf.report.curves import curves
from mmannot_tf.runs.run import Run
from mmannot_tf.runs.stage_record import StageRecord, write_record
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import digest


@pytest.fixture
def run(tmp_path):
    """A run of which only the stages' folders are there."""
    return Run(tmp_path, None, None, None)


def _log(run, stage, *lines, kept=None):
    folder = run.stage(stage)
    folder.mkdir(parents=True)
    (folder / "log.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    if kept is not None:
        made = digest([{}, {}])
        write_record(run, StageRecord(stage=stage, best_epoch=kept, made_from={}, weights={}, digest=made))


def _line(epoch, **measures):
    return json.dumps({"stage": "x", "epoch": epoch, **measures, "images_per_second": 1.5})


def test_curves_come_in_the_order_of_training_with_the_measures_of_each_epoch(run):
    _log(run, "quantity", _line(1, loss=2.0, accuracy=40.0, mse=0.5))
    _log(run, "cnn", _line(1, loss=9.0, image_f1=10.0), _line(2, loss=7.0, image_f1=12.0), kept=2)
    cnn, quantity = curves(run)
    assert (cnn.stage, cnn.epochs, cnn.best_epoch) == ("cnn", (1, 2), 2)
    assert cnn.measures == {"loss": (9.0, 7.0), "image_f1": (10.0, 12.0)}
    assert (quantity.stage, quantity.best_epoch) == ("quantity", None)
    assert quantity.measures == {"loss": (2.0,), "accuracy": (40.0,), "mse": (0.5,)}


def test_a_stage_without_an_epoch_has_no_curve(run):
    _log(run, "cnn")
    run.stage("ms_cnn").mkdir()
    assert curves(run) == []


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ((_line(1, loss=2.0), '{"stage": "cnn", "ep'), r"must hold JSON lines.*log.jsonl:2"),
        (
            (_line(1, loss=2.0), _line(2)),
            r"must be as `mmannot train` wrote it.*log.jsonl, where 'loss' is lacking",
        ),
    ],
)
def test_a_broken_log_is_named_with_what_it_lacks(run, lines, told):
    _log(run, "cnn", *lines)
    with pytest.raises(UserError, match=told):
        curves(run)


def test_the_curves_of_a_trained_run_are_its_logs(tiny_run):
    by_stage = {curve.stage: curve for curve in curves(tiny_run)}
    for name in ("cnn", "cnn_longer", "ms_cnn", "tag_encoder", "classifier", "quantity_visual", "quantity"):
        log = (tiny_run.stage(name) / "log.jsonl").read_text(encoding="utf-8")
        lines = [json.loads(line) for line in log.splitlines()]
        assert list(by_stage[name].measures["loss"]) == [line["loss"] for line in lines]
        assert by_stage[name].epochs == tuple(range(1, len(lines) + 1))
        assert by_stage[name].best_epoch in by_stage[name].epochs
