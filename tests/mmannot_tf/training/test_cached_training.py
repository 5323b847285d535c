"""Training on cached decoded images gives the same weights, and no stage becomes stale."""

import pytest

from mmannot_tf.config.loading import parse
from mmannot_tf.runs.plan import stage_digest
from mmannot_tf.training.train import train


def _cached(config, kind):
    settings = config.model_dump(mode="json")
    settings["data"]["decoded_cache"] = kind
    return parse(settings, "test")


@pytest.mark.exhaustive
@pytest.mark.parametrize("kind", ["memory", "disk"])
def test_a_stage_comes_out_with_the_same_bits(tiny_config, tiny_records, tiny_run, tmp_path, kind, capsys):
    where = {"data": tiny_records.path, "run": tmp_path / "run", "stages": ["cnn"]}
    run = train(_cached(tiny_config, kind), **where)
    assert stage_digest(run, "cnn") == stage_digest(tiny_run, "cnn")
    assert (tmp_path / "run" / "decoded" / "train.npy").exists() == (kind == "disk")
    capsys.readouterr()
    train(tiny_config, **where)
    assert "cnn: done, skipped" in capsys.readouterr().err
