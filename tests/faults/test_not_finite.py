"""A loss that is not finite: the error names the step and its images; the checkpoint is from before."""

import json

import pytest

from tfrecords_tools.shell.files import digest

pytestmark = [pytest.mark.faults, pytest.mark.exhaustive]


@pytest.mark.parametrize("stage", ["cnn", "tag_encoder"])  # images from records, and rows of arrays
def test_it_stops_with_the_images_ids_and_goes_on_from_before(rig, untouched, row, stage):
    options = ("--stages", stage)
    status, told = rig.done(*options, place=2, do="nan")
    assert status == 1, told
    (line,) = [line for line in told if line.startswith("error: ")]
    assert f"loss of stage {stage} must stay finite. Received: nan in epoch 1, step 3" in line
    assert f"stages.{stage}.learning_rate" in line
    record = json.loads((rig.run / "stages" / stage / "not_finite.json").read_text())
    assert record["ids"] == _ids(rig, stage, step=2)
    assert record["ids"][0] in line
    assert rig.done(*options)[0] == 0
    assert rig.result(stage) == untouched.result(stage)
    row(
        f"a loss that is not a number, stage {stage}",
        how="the loss of step 3 made NaN",
        times=1,
        lost=f"{rig.repeated()} step",
        recovered=f"bit for bit; {len(record['ids'])} ids named",
    )


def _ids(rig, stage, *, step):
    """The ids of a batch of the first epoch, from the stage's own batches."""
    import keras

    from mmannot_tf.runs.configured_stages import stage_settings
    from mmannot_tf.runs.run import open_run
    from mmannot_tf.runs.stages import STAGES as KNOWN
    from mmannot_tf.training.session import open_session

    session = open_session(open_run(rig.run))
    training = session.run.config.training
    size = stage_settings(session.run.config, KNOWN[stage]).batch_size or training.batch_size
    batches = session.training_batches(KNOWN[stage], size)
    keras.utils.set_random_seed(
        int(digest([training.seed, stage])[:8], 16)
    )  # as `fit_stage`: it moves shuffles
    return list(batches.ids(seed=training.seed, epoch=0, step=step))
