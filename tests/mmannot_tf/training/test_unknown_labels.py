"""A run whose records say of some labels that nothing is known."""

import io
import json
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

from mmannot_tf.baselines import METHODS
from mmannot_tf.cli.main import app
from mmannot_tf.config.settings import EvaluationSettings
from mmannot_tf.evaluation.predictions import Predictions
from mmannot_tf.report.terminal import render_scores
from mmannot_tf.runs.configured_stages import select_stages
from mmannot_tf.runs.stages import CLASSIFIER, METHOD_STAGES, QUANTITY, STAGES
from mmannot_tf.training.known_labels import check_known_labels
from mmannot_tf.training.train import train
from mmannot_tf.training.validation import measure_method_scores, measure_outputs
from mmannot_tf.workflows.evaluation import evaluate_run
from tfrecords_tools.shell.errors import UserError

TARGETS = np.array([[1, 0, -1], [0, 1, 0]])
LOGITS = np.array([[1.0, 0.0, 9.0], [0.0, 1.0, -1.0]], np.float32)
"""Both images have their true label first, once the unknown one is left out."""


@pytest.fixture(scope="module")
def run(tiny_config, partly_known_records, tmp_path_factory):
    return train(tiny_config, data=partly_known_records.path, run=tmp_path_factory.mktemp("partly") / "run")


@pytest.mark.exhaustive
def test_a_run_is_trained_and_scored_on_what_is_known(run):
    evaluation = evaluate_run(run.path, "test", bootstrap=100)
    predictions = Predictions.load(run.predictions("test"))
    assert evaluation.unknown == predictions.unknown.sum() > 0
    assert all(np.isfinite(list(row.measures.values())).all() for row in evaluation.rows)
    assert evaluation.quantity and all(np.isfinite(row.scores.mse) for row in evaluation.quantity)
    console = Console(file=io.StringIO(), width=200)
    console.print(render_scores(evaluation))
    assert f"Nothing is known of {evaluation.unknown:,} of" in console.file.getvalue()


@pytest.mark.exhaustive
def test_the_commands_say_how_much_is_left_out(run, tmp_path):
    result = CliRunner().invoke(app, ["evaluate", str(run.path), "--json", "--bootstrap", "100"])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["unknown"] > 0
    result = CliRunner().invoke(app, ["report", str(run.path), "--out", str(tmp_path / "page")])
    assert result.exit_code == 0, result.output
    assert "Nothing is known of" in (tmp_path / "page" / "index.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_an_image_of_which_nothing_is_known_changes_no_weight(stage_job):
    """A stage with targets of -1 in some rows ends with the weights of one whose other rows are the same."""
    from mmannot_tf.training.loop.loop import Loop

    jobs = [stage_job(f"stage{number}") for number in range(2)]
    hidden = np.arange(20) % 2 > 0
    weights = []
    for job, value in zip(jobs, (-1.0, -7.0), strict=True):
        targets = job.batches.targets.copy()
        targets[hidden] = value
        Loop(replace(job, batches=replace(job.batches, targets=targets))).run()
        weights.append(job.network.branches["classifier"].get_weights())
    for here, there in zip(*weights, strict=True):
        np.testing.assert_array_equal(here, there)


def test_validation_leaves_out_what_is_unknown():
    settings = EvaluationSettings(k=1)
    measures = measure_outputs(CLASSIFIER, LOGITS, TARGETS, settings)
    assert measures["ranking_precision"] == 100.0
    assert measures["image_f1"] == pytest.approx(100 * 2 / 3)  # of two true labels one is first, and given
    assert measures == measure_outputs(CLASSIFIER, LOGITS * [1, 1, 2], TARGETS, settings)
    assert measure_outputs(QUANTITY, np.float32([40.0, 1.5]), TARGETS, settings) == {
        "accuracy": 0.0,
        "mse": 0.25,
    }
    nothing = measure_outputs(QUANTITY, np.float32([40.0]), TARGETS[:1], settings)
    assert nothing == {"accuracy": 0.0, "mse": 0.0}
    decoded = np.float32([[1, 0, 1 / 2], [0, 1, 0]])
    assert measure_method_scores("ria", decoded, TARGETS, settings)[1] == 100.0


@pytest.mark.slow
def test_systems_that_need_whole_sets_are_refused(partly_known_records, tiny_records):
    stages = list(METHOD_STAGES.values())
    with pytest.raises(UserError, match=r"^cnn_rnn, ria, sr_cnn_rnn can only learn from images .*--methods"):
        check_known_labels(partly_known_records, stages)
    check_known_labels(partly_known_records, [s for s in stages if not METHODS[s.name].needs_whole_sets])
    check_known_labels(tiny_records, stages)


@pytest.mark.slow
def test_the_quantity_needs_images_of_which_all_is_known(
    partly_known_records, tiny_config, monkeypatch, capsys
):
    stages = select_stages(tiny_config, None, None, has_tags=True)
    check_known_labels(partly_known_records, stages)
    assert "note: all labels are known of " in capsys.readouterr().err
    from mmannot_tf.training import known_labels

    loaded = known_labels.load_arrays(partly_known_records, "train", ())
    nothing = replace(loaded, unknown=np.ones_like(loaded.unknown))
    monkeypatch.setattr(known_labels, "load_arrays", lambda *_: nothing)
    with pytest.raises(UserError, match=r"quantity.* whose train split has none.*--stages cnn,"):
        check_known_labels(partly_known_records, stages)
    check_known_labels(partly_known_records, [STAGES["cnn"]])
