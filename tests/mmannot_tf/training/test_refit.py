"""`training.refit_of`: training on training and validation images, with what an earlier run chose."""

import json
import shutil

import numpy as np
import pytest

from mmannot_tf.cli.main import main
from mmannot_tf.config.loading import parse
from mmannot_tf.runs.refit import earlier_run
from mmannot_tf.runs.run import open_run
from mmannot_tf.runs.stage_record import StageRecord, read_record, write_record
from mmannot_tf.runs.untagged import read_choice, write_choice
from mmannot_tf.training.cross_validation import SCORES, FoldScores
from mmannot_tf.training.session import open_session
from mmannot_tf.training.train import train
from mmannot_tf.workflows.evaluation import evaluate_run
from tfrecords_tools.reading.joining import with_joined_training
from tfrecords_tools.reading.record_index import record_numbers, record_positions
from tfrecords_tools.reading.records import read
from tfrecords_tools.shell.documents import write_document
from tfrecords_tools.shell.errors import UserError

pytestmark = pytest.mark.slow
STAGES = ["cnn", "tag_encoder"]


def _ids(records, split, **options):
    return [example["id"].decode() for example in read(records, split, **options).as_numpy_iterator()]


def test_joined_records_have_training_and_validation_images_in_one_split(tiny_records):
    joined = with_joined_training(tiny_records)
    assert joined.splits == {"train": 110, "test": 30} and joined.digest != tiny_records.digest
    apart = _ids(tiny_records, "train") + _ids(tiny_records, "validation")
    assert sorted(_ids(joined, "train")) == sorted(apart) and len(set(apart)) == 110
    with pytest.raises(UserError, match="split must be one of train, test"):
        read(joined, "validation")


@pytest.mark.parametrize("seed", [None, 3])
def test_numbers_and_positions_of_joined_records_are_in_the_order_of_reading(tiny_records, seed):
    joined = with_joined_training(tiny_records)
    fixed, shuffled = _ids(joined, "train"), _ids(joined, "train", seed=seed)
    numbers = list(record_numbers(joined, "train", seed=seed).as_numpy_iterator())
    by_number = dict(zip(record_numbers(joined, "train").as_numpy_iterator(), fixed, strict=True))
    assert [by_number[number] for number in numbers] == shuffled
    assert len(set(record_positions(joined, "train").as_numpy_iterator())) == 110


def _config(tiny_config, earlier, **training):
    settings = tiny_config.model_dump(mode="json", exclude_none=True)
    settings["training"] |= {"refit_of": str(earlier), **training}
    return parse(settings, "test")


@pytest.fixture(scope="module")
def earlier(tiny_run, tmp_path_factory):
    """The tiny run, whose tag encoder was best after its first epoch."""
    run = open_run(shutil.copytree(tiny_run.path, tmp_path_factory.mktemp("earlier") / "run"))
    record = read_record(run, "tag_encoder")
    assert len((run.stage("tag_encoder") / "log.jsonl").read_text().splitlines()) == 2
    write_record(run, StageRecord(**{**vars(record), "best_epoch": 1}))
    return run


@pytest.fixture(scope="module")
def refit(earlier, tiny_config, tiny_records, tmp_path_factory):
    path = tmp_path_factory.mktemp("refit") / "run"
    return train(_config(tiny_config, earlier.path), data=tiny_records.path, run=path, stages=STAGES)


@pytest.mark.exhaustive
def test_a_stage_ends_after_the_epoch_that_was_kept_and_keeps_it(refit, earlier):
    for stage in STAGES:
        lines = (refit.stage(stage) / "log.jsonl").read_text().splitlines()
        record = read_record(refit, stage)
        assert len(lines) == record.best_epoch == read_record(earlier, stage).best_epoch
        assert record.best_score is None
        assert set(json.loads(lines[-1])) == {"stage", "epoch", "loss", "images_per_second"}
    assert len((refit.stage("tag_encoder") / "log.jsonl").read_text().splitlines()) == 1


@pytest.mark.exhaustive
def test_all_images_train(refit, tiny_records, weights_of, earlier):
    session = open_session(refit)
    ids = _ids(tiny_records, "train") + _ids(tiny_records, "validation")
    assert sorted(session.arrays("train").ids) == sorted(ids)
    assert len(session.features("train").get(["cnn"])["cnn"]) == len(ids)
    (before, after) = (weights_of(run, "cnn", "probe") for run in (earlier, refit))
    assert any(np.abs(before[name] - after[name]).max() > 1e-4 for name in before)


@pytest.mark.exhaustive
def test_it_goes_on_to_the_same_bits(
    refit, earlier, tiny_config, tiny_records, killed_after, saving_each_step, weights_of, tmp_path
):
    config = saving_each_step(_config(tiny_config, earlier.path))
    places = {"data": tiny_records.path, "run": tmp_path / "run"}
    with killed_after(3) as after_step:
        train(config, **places, stages=["tag_encoder"], after_step=after_step)
    again = train(config, **places, stages=["tag_encoder"])
    want, have = (weights_of(run, "tag_encoder", "tag_encoder") for run in (refit, again))
    for name, values in want.items():
        np.testing.assert_array_equal(have[name], values)


@pytest.mark.exhaustive
def test_thresholds_are_those_of_the_earlier_run(refit, earlier):
    chosen = {
        row.method: row.threshold
        for row in evaluate_run(refit.path, "test", bootstrap=0).rows
        if "chosen threshold" in row.method
    }
    before = {row.method: row.threshold for row in evaluate_run(earlier.path, "test", bootstrap=0).rows}
    assert set(chosen) == {"CNN, chosen threshold", "Tags only, chosen threshold"}
    assert chosen == {method: before[method] for method in chosen}


@pytest.mark.exhaustive
def test_validation_images_are_not_scored(refit, capsys):
    assert main(["evaluate", str(refit.path), "--split", "validation"]) == 1
    assert "--split must be one of train, test. Received: validation" in capsys.readouterr().err


@pytest.mark.exhaustive
def test_choices_of_heads_and_coefficients_are_kept(earlier, tiny_config, tiny_records, weights_of, tmp_path):
    base = open_run(shutil.copytree(earlier.path, tmp_path / "earlier"))
    settings = tiny_config.model_dump(mode="json", exclude_none=True)
    settings["stages"]["classifier"] |= {"l2_candidates": [0.001, 30.0], "l2_folds": 2}
    settings["evaluation"]["untagged"] = "validation"
    base = train(parse(settings, "test"), data=tiny_records.path, run=base.path)
    write_document(base.stage("classifier") / SCORES, FoldScores({"0.001": (1.0, 1.0), "30.0": (9.0, 9.0)}))
    write_choice(base, {"joint": 1.0, "visual": 2.0}, 22)
    settings["training"]["refit_of"] = str(base.path)
    refit = train(parse(settings, "test"), data=tiny_records.path, run=tmp_path / "refit")
    choice = read_choice(refit)
    assert choice.heads == "visual" and choice.image_f1 == {"joint": 1.0, "visual": 2.0}
    after, before = (
        next(
            np.abs(values).max()
            for values in weights_of(run, "classifier", "classifier").values()
            if values.ndim == 2
        )
        for run in (refit, base)
    )
    assert after < 0.3 * before  # by a coefficient of 30
    assert not (refit.stage("classifier") / SCORES).exists()


@pytest.mark.exhaustive
def test_what_cannot_be_refitted_is_refused(refit, earlier, tiny_config, tiny_records, tmp_path):
    def refused(config, match):
        with pytest.raises(UserError, match=match):
            train(config, data=tiny_records.path, run=tmp_path / "run", stages=STAGES)
        assert not (tmp_path / "run" / "dataset.json").exists()

    refused(_config(tiny_config, earlier.path, seed=4), r"another training\.seed, 4 instead of 0")
    refused(_config(tiny_config, refit.path), "must name a run that is no refit itself")
    refused(_config(tiny_config, tmp_path / "none"), "A run is a folder that")


@pytest.mark.exhaustive
def test_its_path_is_kept_whole_and_each_stage_must_be_finished_there(
    earlier, tiny_config, tiny_records, tmp_path, monkeypatch
):
    monkeypatch.chdir(earlier.path.parent)
    config, path = _config(tiny_config, earlier.path.name), tmp_path / "other"
    run = train(config, data=tiny_records.path, run=path, stages=["tag_encoder"])
    assert earlier_run(run.config).path == earlier.path.resolve()
    (earlier.stage("cnn_longer") / "stage.json").rename(tmp_path / "kept")
    try:
        with pytest.raises(UserError, match=r"whose stages are finished\. Received: .*, without cnn_longer"):
            train(run.config, data=tiny_records.path, run=run.path, stages=["cnn", "cnn_longer"])
    finally:
        (tmp_path / "kept").rename(earlier.stage("cnn_longer") / "stage.json")
