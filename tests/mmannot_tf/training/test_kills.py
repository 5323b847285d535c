"""Six kills at random steps of a stage: the same call again ends with the bits of the uninterrupted stage.

Here a step raises, in this process; tests/faults kills processes thirty times, at any moment of any stage.
"""

import random

from mmannot_tf.training.plan import stage_digest
from mmannot_tf.training.train import train

KILLS, STAGE = 6, "tag_encoder"


def test_a_stage_killed_six_times_is_the_uninterrupted_one(
    tiny_config, tiny_records, tiny_run, tmp_path, killed_after, saving_each_step
):
    config = saving_each_step(tiny_config)
    what = {"data": tiny_records.path, "run": tmp_path / "run", "stages": [STAGE]}
    epoch = -(-tiny_records.splits["train"] // config.training.batch_size)
    saved = 0
    for moment in sorted(random.Random(3).sample(range(config.stages.tag_encoder.epochs * epoch), KILLS)):
        with killed_after(moment - saved) as after_step:
            train(config, **what, after_step=after_step)
        saved = moment
    run = train(config, **what)
    assert stage_digest(run, STAGE) == stage_digest(tiny_run, STAGE)
