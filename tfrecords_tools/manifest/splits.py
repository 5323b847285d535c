"""Assigns the rows of a manifest to splits."""

from collections.abc import Iterable, Mapping

from tfrecords_tools.building.splitting import is_held_out, uniform_hash
from tfrecords_tools.manifest.rows import SPLITS, Row


def split_rows(
    rows: Iterable[Row], *, validation_share: float, test_share: float
) -> Mapping[str, tuple[Row, ...]]:
    """The rows of each of SPLITS, in their order.

    A row keeps its own split. A row without one gets a split by a hash of its path, independent of the other
    rows. If no row has the split "validation", a share of the rows with "train" is held out for it.

    Args:
        rows: all rows.
        validation_share: share of the rows without a split, and of the training rows if held out of them.
        test_share: share of the rows without a split.
    """
    rows = tuple(rows)
    hold_out = not any(row.split == "validation" for row in rows)
    splits: dict[str, list[Row]] = {name: [] for name in SPLITS}
    for row in rows:
        if row.split is None:
            name = _split_by_hash(row.path, validation_share, test_share)
        elif row.split == "train" and hold_out and is_held_out(row.path, validation_share):
            name = "validation"
        else:
            name = row.split
        splits[name].append(row)
    return {name: tuple(rows) for name, rows in splits.items()}


def _split_by_hash(path: str, validation_share: float, test_share: float) -> str:
    number = uniform_hash(path)
    if number < test_share:
        return "test"
    return "validation" if number < test_share + validation_share else "train"
