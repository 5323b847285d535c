"""Shows and counts what records hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tfrecords_tools.reading.published import beside
from tfrecords_tools.reading.records import VOCABULARY, Records, read, reading
from tfrecords_tools.reading.vocabulary import read_vocabulary
from tfrecords_tools.shell.console import progress

if TYPE_CHECKING:
    from rich.table import Table

MOST_FREQUENT = 20


def inspect(records: Records) -> dict[str, Any]:
    """Counts every record; JSON values, as `mmannot-records inspect --json` prints them."""
    with progress("images") as display, reading(records):
        splits = {}
        for split, images in records.splits.items():
            task = display.add_task(split, total=images)
            splits[split] = _count(records, split, advance=lambda task=task: display.advance(task))
    return {
        "source": records.source,
        "digest": records.digest,
        "settings": dict(records.settings),
        "labels": len(records.labels),
        "splits": splits,
        "vocabulary": len(records.vocabulary),
        "most_frequent_tags": dict(read_vocabulary(records.path / VOCABULARY)[:MOST_FREQUENT]),
        "published": beside(records.published, records.splits),
    }


def _count(records: Records, split: str, *, advance: Any) -> dict[str, Any]:
    labels: Counter[int] = Counter()
    quantities: Counter[int] = Counter()
    tags = untagged = 0
    for example in read(records, split, images=False).as_numpy_iterator():
        labels.update(example["labels"].tolist())
        quantities[len(example["labels"])] += 1
        tags += len(example["tags"])
        untagged += len(example["tags"]) == 0
        advance()
    images = quantities.total()
    return {
        "images": images,
        "labels_per_image": labels.total() / images,
        "tags_per_image": tags / images,
        "without_tags": untagged,
        "label_frequencies": {name: labels[place] for place, name in enumerate(records.labels)},
        "labels_histogram": {str(quantity): quantities[quantity] for quantity in sorted(quantities)},
    }


def tables(counts: Mapping[str, Any]) -> list[Table]:
    """What `inspect` counted, for people: splits, then label frequencies."""
    from rich.table import Table

    splits = counts["splits"]
    sizes = Table(title=f"{counts['source']} ({counts['vocabulary']:,} tags, digest {counts['digest'][:12]})")
    for column in ("split", "images", "labels/image", "tags/image", "without tags"):
        sizes.add_column(column, justify="left" if column == "split" else "right")
    for name, split in splits.items():
        means = (f"{split[key]:.2f}" for key in ("labels_per_image", "tags_per_image"))
        sizes.add_row(name, f"{split['images']:,}", *means, f"{split['without_tags']:,}")
    for row in counts["published"]:
        sizes.add_row(f"{row['split']}, {row['where']}", f"{row['published']:,} (ours {row['ours']:,})")
    labels = Table("label", *splits, title="images by label")
    for label in next(iter(splits.values()))["label_frequencies"]:
        labels.add_row(label, *(f"{split['label_frequencies'][label]:,}" for split in splits.values()))
    return [sizes, labels]
