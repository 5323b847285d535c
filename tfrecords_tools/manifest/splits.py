"""Which split each row of a manifest falls into."""

from collections.abc import Iterable, Mapping

from tfrecords_tools.building.splitting import draw, is_held_out
from tfrecords_tools.manifest.rows import SPLITS, Row


def split_rows(
    rows: Iterable[Row], *, validation_share: float, test_share: float
) -> Mapping[str, tuple[Row, ...]]:
    """The rows of each of SPLITS, in their order.

    A row's own split stands. A row without one is drawn by its path, so it falls the same way whatever other
    rows there are. Where rows say "train" and none says "validation", a share of those is held out.

    Args:
        rows: all of them.
        validation_share: of the rows drawn, and of the training rows where it is held out of them.
        test_share: of the rows drawn.
    """
    rows = tuple(rows)
    hold_out = not any(row.split == "validation" for row in rows)
    found: dict[str, list[Row]] = {name: [] for name in SPLITS}
    for row in rows:
        if row.split is None:
            name = _drawn(row.path, validation_share, test_share)
        elif row.split == "train" and hold_out and is_held_out(row.path, validation_share):
            name = "validation"
        else:
            name = row.split
        found[name].append(row)
    return {name: tuple(rows) for name, rows in found.items()}


def _drawn(path: str, validation_share: float, test_share: float) -> str:
    number = draw(path)
    if number < test_share:
        return "test"
    return "validation" if number < test_share + validation_share else "train"
