from pathlib import Path

import pytest

from mmannot_tf.ablation.running import run_variants
from mmannot_tf.ablation.variants import Variant
from mmannot_tf.runs.plan import current_stages
from mmannot_tf.runs.run import open_run
from mmannot_tf.training import train as training
from tfrecords_tools.shell.errors import UserError


@pytest.fixture
def broken(monkeypatch):
    """Training that makes a run's folder and stops at the quantity stages."""
    whole = training.train

    def train(config, *, data, run, stages=None):
        if config.model.dropout == 0.0:
            whole(config, data=data, run=run, stages=["cnn"])
            raise UserError("The loss of stage quantity_visual must stay finite. Received: nan in epoch 1.")
        return whole(config, data=data, run=run, stages=stages)

    monkeypatch.setattr(training, "train", train)


def variants_of(config, records, out: Path, base: Path, variants) -> dict:
    import shutil

    shutil.copytree(base, out / variants[0].folder / "seed0")
    return run_variants(
        config,
        variants,
        data=records.path,
        out=out,
        seeds=[0],
        evaluate=lambda run: {"finished": [stage.name for stage in current_stages(open_run(run))]},
    )


def test_what_cannot_be_trained_leaves_the_stages_before_it_and_no_stale_copy(
    tiny_config, tiny_records, tiny_run, tmp_path, broken, capsys
):
    variants = (Variant(), Variant("model.dropout", 0.0))
    trained = variants_of(tiny_config, tiny_records, tmp_path, tiny_run.path, variants)
    (whole,), (partial,) = trained.values()
    assert set(whole["finished"]) - set(partial["finished"]) == {"quantity_visual", "quantity"}
    assert "model.dropout = 0.0, seed 0: not trained to the end" in capsys.readouterr().err


def test_the_configuration_as_it_is_must_train(tiny_config, tiny_records, tiny_run, tmp_path, broken):
    undropped = tiny_config.model_copy(
        update={"model": tiny_config.model.model_copy(update={"dropout": 0.0})}
    )
    with pytest.raises(UserError, match="must stay finite"):
        variants_of(undropped, tiny_records, tmp_path, tiny_run.path, (Variant(),))
