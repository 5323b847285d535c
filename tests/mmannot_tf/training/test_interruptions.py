"""Killed between two writes: the same command resumes."""

import shutil
from types import SimpleNamespace

from mmannot_tf.config.loading import parse
from mmannot_tf.runs import plan, run
from mmannot_tf.runs.run import create_run, open_run
from mmannot_tf.training.train import train
from mmannot_tf.weights.source import resolve


def test_a_run_killed_while_it_was_made_is_made_by_the_same_command(
    tiny_config, tiny_records, tmp_path, killed_in
):
    provenance = resolve("random", "tiny").provenance
    parts = {"records": tiny_records, "tags": tiny_records.vocabulary[:40], "provenance": provenance}
    with killed_in(run, "write_text"):
        create_run(tmp_path / "run", tiny_config, **parts)
    create_run(tmp_path / "run", tiny_config, **parts)
    assert open_run(tmp_path / "run").config == tiny_config


def test_a_stale_stage_whose_removal_was_killed_is_trained_again(
    tiny_config, tiny_records, tiny_run, tmp_path, killed_in, monkeypatch
):
    copy = shutil.copytree(tiny_run.path, tmp_path / "run")
    settings = tiny_config.model_dump(mode="json")
    settings["stages"]["tag_encoder"]["epochs"] = 1
    config = parse(settings, "test")

    def begun(folder, **_):
        (folder / "weights" / "tag_encoder.weights.h5").unlink()

    monkeypatch.setattr(plan, "shutil", SimpleNamespace(rmtree=shutil.rmtree))
    with killed_in(plan.shutil, "rmtree", last=begun):
        train(config, data=tiny_records.path, run=copy, stages=["tag_encoder"])
    done = train(config, data=tiny_records.path, run=copy, stages=["tag_encoder"])
    assert plan.staleness(done, plan.KNOWN["tag_encoder"]) == []
