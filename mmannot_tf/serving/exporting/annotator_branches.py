"""The trained branches of an annotator."""

from typing import Any

import keras

from mmannot_tf.runs.plan import is_current
from mmannot_tf.runs.run import Run
from mmannot_tf.runs.stages import STAGES
from mmannot_tf.serving.model import branches_of, required_stages
from mmannot_tf.training.inference.trained_branches import network_spec_of, trained_branch
from tfrecords_tools.shell.errors import UserError


def annotator_branches(run: Run) -> tuple[dict[str, keras.Model], str]:
    """The annotator's branches, each from the stage that trained it; the name of the one that gives f_v.

    Raises:
        UserError: a required stage is not finished.
    """
    _check_finished(run)
    trained_as = branches_of(run)
    f_v = "fusion" if "fusion" in trained_as else "pooling"

    def trained(name: str, shapes: Any) -> keras.Model:
        stage, name_there = trained_as[name]
        return trained_branch(run, STAGES[stage], name_there, shapes)

    backbone = trained("backbone", network_spec_of(run).image_shape())
    branches = {
        "backbone": backbone,
        f_v: trained(f_v, [scale.shape[1:] for scale in backbone.outputs]),
    }
    if "tag_encoder" in trained_as:
        branches["tag_encoder"] = trained("tag_encoder", None)
    visual = branches[f_v].output_shape[-1]
    joint = visual + (branches["tag_encoder"].output_shape[-1] if "tag_encoder" in branches else 0)
    heads = {"classifier": joint, "quantity": joint, "visual_classifier": visual, "visual_quantity": visual}
    return {
        **branches,
        **{name: trained(name, (size,)) for name, size in heads.items() if name in trained_as},
    }, f_v


def _check_finished(run: Run) -> None:
    required = required_stages(run)
    missing = [name for name in required if not is_current(run, name)]
    if missing:
        raise UserError(
            f"The stages {', '.join(required)} must be trained as configured. Received: {run.path}, without "
            f"{', '.join(missing)}. Run `mmannot train` again with the same --run."
        )
