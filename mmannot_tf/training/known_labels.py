"""What stages need to know of the labels of their images."""

from collections.abc import Iterator, Sequence

from mmannot_tf.baselines import METHODS
from mmannot_tf.data.arrays import load_arrays
from mmannot_tf.runs.stage import Stage
from tfrecords_tools.reading.records import Records
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
    lacking = [*_splits_without_quantities(records)] if counting else []
    if lacking:
        others = ",".join(
            stage.name for stage in stages if stage.section == "stages" and stage.name not in counting
        )
        raise UserError(
            f"{', '.join(counting)} can only learn from images of which all labels are known. Received: "
            f"{records.path}, whose {lacking[0]} split has none. Look at some fully (`*` in absent), or pass "
            f"--stages {others}."
        )


def _needs_whole_sets(stage: Stage) -> bool:
    return METHODS[stage.name].needs_whole_sets


def _splits_without_quantities(records: Records) -> Iterator[str]:
    for split in ("train", "validation"):
        if split in records.splits and not (load_arrays(records, split, ()).quantity >= 0).any():
            yield split
