"""What stages need to know of the labels of their images."""

from collections.abc import Sequence

from mmannot_tf.baselines import METHODS
from mmannot_tf.data.arrays import load_arrays
from mmannot_tf.runs.stage import Stage
from tfrecords_tools.reading.records import Records
from tfrecords_tools.shell.console import notice
from tfrecords_tools.shell.errors import UserError


def check_known_labels(records: Records, stages: Sequence[Stage]) -> None:
    """Checks that the stages can leave out the labels of which nothing is known.

    Args:
        records: those that train; they may have no validation split.
        stages: to train, the compared systems too.

    Raises:
        UserError: a compared system needs whole sets of labels, or a stage of the quantity has no image of
            which all labels are known.
    """
    if not records.has_unknown:
        return
    refused = [stage.name for stage in stages if stage.section == "methods" and _needs_whole_sets(stage)]
    if refused:
        raise UserError(
            f"{', '.join(refused)} can only learn from images of which all labels are known. Received: "
            f"{records.path}, with labels of which nothing is known. Name other systems with --methods."
        )
    counting = [stage.name for stage in stages if "quantity" in stage.targets]
    for split in ("train", "validation"):
        if counting and split in records.splits:
            _check_quantities(records, split, counting, stages)


def _check_quantities(records: Records, split: str, counting: Sequence[str], stages: Sequence[Stage]) -> None:
    """Checks that the quantity of some image of a split is known, and says of how many."""
    known = load_arrays(records, split, ()).quantity >= 0
    if not known.any():
        others = [stage.name for stage in stages if stage.section == "stages" and stage.name not in counting]
        raise UserError(
            f"{', '.join(counting)} can only learn from images of which all labels are known. Received: "
            f"{records.path}, whose {split} split has none. Look at some fully (`*` in absent), or train "
            f"without them: `mmannot train --stages {','.join(others)}`."
        )
    notice(
        f"note: all labels are known of {known.sum():,} of {len(known):,} {split} images; "
        f"{', '.join(counting)} read these alone"
    )


def _needs_whole_sets(stage: Stage) -> bool:
    return METHODS[stage.name].needs_whole_sets
