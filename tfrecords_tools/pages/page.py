"""The page that `mmannot-records inspect --html` writes: one file that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tfrecords_tools.pages import plots
from tfrecords_tools.pages.html import check_page, render
from tfrecords_tools.reading.records import VOCABULARY, Records
from tfrecords_tools.reading.vocabulary import read_vocabulary
from tfrecords_tools.shell.files import write_text

TEMPLATE = "page.html.j2"
SAMPLES = 12
"""Images shown of each split."""
TAGS = 50
"""The most frequent tags that have a bar of their own."""
TAGS_OF_A_SAMPLE = 24
LABELS = 120
"""Labels whose bars are drawn, at most; the table has all."""


def write_page(path: Path, records: Records, counts: Mapping[str, Any]) -> None:
    """Writes the page, aside and renamed.

    Args:
        path: the HTML file.
        records: what it shows.
        counts: from `inspection.inspect`.

    Raises:
        UserError: see `check_page`; or a record it would show is corrupt.
    """
    check_page(path, records)
    from tfrecords_tools.pages.samples import samples

    chosen = samples(records, each=SAMPLES)
    vocabulary = read_vocabulary(records.path / VOCABULARY)
    write_text(path, page(counts, samples=chosen, vocabulary=vocabulary))


def page(
    counts: Mapping[str, Any], *, samples: Mapping[str, list[Any]], vocabulary: list[tuple[str, int]]
) -> str:
    """The page's HTML; the same values give the same bytes.

    Args:
        counts: from `inspection.inspect`.
        samples: by split, from `samples.samples`.
        vocabulary: every tag with the number of training images that bear it, the most frequent first.
    """
    frequencies = _by_label(counts["splits"])
    return render(
        __package__,
        TEMPLATE,
        counts=counts,
        images=sum(split["images"] for split in counts["splits"].values()),
        label_frequencies=frequencies,
        quantities=_quantities(counts["splits"]),
        vocabulary=vocabulary,
        samples=samples,
        plots=_plots(counts["splits"], [*frequencies], vocabulary),
        labels_drawn=min(LABELS, len(frequencies)),
        tags_drawn=min(TAGS, len(vocabulary)),
        tags_of_a_sample=TAGS_OF_A_SAMPLE,
        version=version("mmannot-tf"),
    )


def _by_label(splits: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """By label, its images in each split: the most frequent of the training (else first) split first."""
    first = splits["train" if "train" in splits else next(iter(splits))]["label_frequencies"]
    order = sorted(first, key=lambda label: -first[label])
    return {
        label: {split: counted["label_frequencies"][label] for split, counted in splits.items()}
        for label in order
    }


def _quantities(splits: Mapping[str, Any]) -> list[str]:
    """Every number of labels that an image bears, as the histograms call it."""
    return sorted({quantity for split in splits.values() for quantity in split["labels_histogram"]}, key=int)


def _plots(splits: Mapping[str, Any], order: list[str], vocabulary: list[tuple[str, int]]) -> dict[str, Any]:
    from markupsafe import Markup

    compared = {name: splits[name] for name in ("train", "test") if name in splits} or splits
    drawn = {
        "labels": plots.label_plot({name: _label_shares(split, order) for name, split in compared.items()}),
        "quantities": plots.quantity_plot({name: _quantity_shares(split) for name, split in splits.items()}),
    }
    if vocabulary:
        drawn["tags"] = plots.tag_plot(dict(vocabulary[:TAGS]))
        drawn["ranks"] = plots.rank_plot([count for _, count in vocabulary])
    return {name: Markup(svg) for name, svg in drawn.items()}  # text in an SVG is escaped by Matplotlib


def _label_shares(split: Mapping[str, Any], order: list[str]) -> dict[str, float]:
    return {label: split["label_frequencies"][label] / split["images"] for label in order[:LABELS]}


def _quantity_shares(split: Mapping[str, Any]) -> dict[int, float]:
    return {int(quantity): images / split["images"] for quantity, images in split["labels_histogram"].items()}
