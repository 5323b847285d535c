"""Counts the content of records, and shows the counts as tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, NotRequired, TypedDict

from tfrecords_tools.reading.marker import Marker
from tfrecords_tools.reading.passed_over import PassedOver
from tfrecords_tools.reading.published import CountComparison, published_counts
from tfrecords_tools.reading.records import (
    MARKER,
    VOCABULARY,
    Records,
    check_label_ids,
    data_loss_as_user_error,
    read,
)
from tfrecords_tools.reading.vocabulary import read_vocabulary
from tfrecords_tools.shell.counted import counted
from tfrecords_tools.shell.files import Json, read_json
from tfrecords_tools.shell.paths import shown
from tfrecords_tools.shell.progress import progress_bars

if TYPE_CHECKING:
    from rich.table import Table

MOST_FREQUENT = 20
"""Tags listed by `inspect`."""


class SplitInspection(TypedDict):
    """The counts of one split."""

    images: int
    labels_per_image: float
    tags_per_image: float
    without_tags: int
    label_frequencies: dict[str, int]
    labels_histogram: dict[str, int]
    unknown: NotRequired[dict[str, int]]
    """Label → images of which nobody knows whether they have it."""


class Inspection(TypedDict):
    """The counts of all records, as `mmannot-records inspect --json` prints them."""

    source: str
    digest: str
    settings: Mapping[str, Json]
    labels: int
    splits: dict[str, SplitInspection]
    vocabulary: int
    most_frequent_tags: dict[str, int]
    published: list[CountComparison]
    passed_over: PassedOver | None
    converted: dict[str, int]


def inspect(records: Records) -> Inspection:
    """Counts the images, labels and tags of all records; adds what the build left out and converted."""
    marker: Marker = read_json(records.path / MARKER, "records' metadata")
    with progress_bars("images") as display, data_loss_as_user_error(records):
        splits = {}
        for split, images in records.splits.items():
            task = display.add_task(split, total=images)
            splits[split] = _count(records, split, advance=partial(display.advance, task))
    return {
        "source": records.source,
        "digest": records.digest,
        "settings": dict(records.settings),
        "labels": len(records.labels),
        "splits": splits,
        "vocabulary": len(records.vocabulary),
        "most_frequent_tags": dict(read_vocabulary(records.path / VOCABULARY)[:MOST_FREQUENT]),
        "published": published_counts(records.published, records.splits),
        "passed_over": records.passed_over,
        "converted": dict(Counter(image["format"] for image in marker.get("converted", ()))),
    }


def _count(records: Records, split: str, *, advance: Callable[[], None]) -> SplitInspection:
    labels: Counter[int] = Counter()
    unknown: Counter[int] = Counter()
    quantities: Counter[int] = Counter()
    tags = untagged = 0
    for example in read(records, split, images=False).as_numpy_iterator():
        ids = example["labels"].tolist()
        check_label_ids(records, example["id"].decode(errors="replace"), ids)
        labels.update(ids)
        if records.has_unknown:
            unknown.update(example["unknown"].tolist())
        quantities[len(example["labels"])] += 1
        tags += len(example["tags"])
        untagged += len(example["tags"]) == 0
        advance()
    images = quantities.total()
    counted: SplitInspection = {
        "images": images,
        "labels_per_image": labels.total() / images,
        "tags_per_image": tags / images,
        "without_tags": untagged,
        "label_frequencies": {name: labels[label] for label, name in enumerate(records.labels)},
        "labels_histogram": {str(quantity): quantities[quantity] for quantity in sorted(quantities)},
    }
    if records.has_unknown:
        counted["unknown"] = {name: unknown[label] for label, name in enumerate(records.labels)}
    return counted


def tables(counts: Inspection) -> list[Table]:
    """The counts as two tables: splits, and images by label."""
    from rich.markup import escape
    from rich.table import Table

    splits = counts["splits"]
    sizes = Table(
        title=f"{counts['source']} ({counted(counts['vocabulary'], 'tag')}, digest {counts['digest'][:12]})"
    )
    for column in ("split", "images", "labels/image", "tags/image", "without tags"):
        sizes.add_column(column, justify="left" if column == "split" else "right")
    for name, split in splits.items():
        means = (f"{mean:.2f}" for mean in (split["labels_per_image"], split["tags_per_image"]))
        sizes.add_row(name, f"{split['images']:,}", *means, f"{split['without_tags']:,}")
    for row in counts["published"]:
        sizes.add_row(f"{row['split']}, {row['where']}", f"{row['published']:,} (ours {row['ours']:,})")
    title = "images by label" + (" (of how many more nothing is known)" if has_unknown(counts) else "")
    labels = Table("label", *splits, title=title)
    for label in next(iter(splits.values()))["label_frequencies"]:
        labels.add_row(escape(shown(label)), *(_frequency(split, label) for split in splits.values()))
    return [sizes, labels]


def has_unknown(counts: Inspection) -> bool:
    """Whether there are labels of which nothing is known."""
    return any("unknown" in split for split in counts["splits"].values())


def _frequency(split: SplitInspection, label: str) -> str:
    images = f"{split['label_frequencies'][label]:,}"
    return f"{images} ({split['unknown'][label]:,})" if "unknown" in split else images
