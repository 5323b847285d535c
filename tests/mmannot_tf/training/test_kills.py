"""Six kills at random steps of a stage: the same call then gives the bits of the uninterrupted stage.

Here a step raises, in this process; tests/faults kills processes thirty times, at any moment of any stage.
"""

import random

import pytest

from mmannot_tf.config.loading import parse
from mmannot_tf.runs.plan import stage_digest
from mmannot_tf.training.train import train

KILLS, STAGE = 6, "tag_encoder"


def test_a_stage_killed_six_times_is_the_uninterrupted_one(
    tiny_config, tiny_records, tiny_run, tmp_path, killed_after, saving_each_step
):
    config, taken = saving_each_step(tiny_config), []
    what = {"data": tiny_records.path, "run": tmp_path / "run", "stages": [STAGE]}
    steps = config.stages.tag_encoder.epochs * -(-tiny_records.splits["train"] // config.training.batch_size)

    def note(loop):
        taken.append(int(loop.progress.epoch) * loop.job.steps + int(loop.progress.step))

    saved = 0
    for moment in sorted(random.Random(3).sample(range(steps), KILLS)):
        with killed_after(moment - saved) as kill:
            train(config, **what, after_step=lambda loop, kill=kill: (note(loop), kill(loop)))
        saved = moment
    run = train(config, **what, after_step=note)
    assert set(taken) == set(range(1, steps + 1))
    assert len(taken) == steps + KILLS  # each kill loses the step that was not saved
    assert stage_digest(run, STAGE) == stage_digest(tiny_run, STAGE)


@pytest.mark.exhaustive
def test_after_a_kill_the_same_tags_are_hidden(
    tiny_config, tiny_records, tiny_run, tmp_path, killed_after, saving_each_step
):
    settings = saving_each_step(tiny_config).model_dump(mode="json", exclude_none=True)
    settings["model"]["tag_dropout"] = 0.5
    config = parse(settings, "test")
    what = {"data": tiny_records.path, "stages": [STAGE]}
    whole = train(config, **what, run=tmp_path / "whole")
    with killed_after(3) as kill:
        train(config, **what, run=tmp_path / "killed", after_step=kill)
    resumed = train(config, **what, run=tmp_path / "killed")
    assert stage_digest(resumed, STAGE) == stage_digest(whole, STAGE) != stage_digest(tiny_run, STAGE)
