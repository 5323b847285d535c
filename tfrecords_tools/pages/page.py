"""Writes the self-contained page of `mmannot-records inspect --html`."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from tfrecords_tools.pages import plots
from tfrecords_tools.pages.html import check_page, render
from tfrecords_tools.pages.svg import PLOT, bars_height
from tfrecords_tools.reading import passed_over
from tfrecords_tools.reading.inspection import Inspection, SplitInspection
from tfrecords_tools.reading.records import VOCABULARY, Records
from tfrecords_tools.reading.vocabulary import read_vocabulary
from tfrecords_tools.shell.files import Json, write_text

if TYPE_CHECKING:
    from markupsafe import Markup

    from tfrecords_tools.pages.left_out import LeftOut
    from tfrecords_tools.pages.samples import Sample

Splits: TypeAlias = Mapping[str, SplitInspection]

TEMPLATE = "page.html.j2"
SAMPLES = 12
"""Images shown per split."""
TAGS = 50
"""Most frequent tags that are drawn as bars."""
TAGS_OF_A_SAMPLE = 24
LABELS = 120
"""Most labels that are drawn as bars; the table has all."""
COUNTS_IN_WORDS = {
    "images": "images for training and validation",
    "test_images": "images for test",
}
"""Settings that are numbers of images → what they count; none counts the images of all splits."""


def write_page(path: Path, records: Records, counts: Inspection, *, raw: Path | None = None) -> None:
    """Writes the page atomically.

    Args:
        path: the HTML file.
        records: the records to show.
        counts: from `inspection.inspect`.
        raw: the folder that the records were built from, for pictures of what was left out.

    Raises:
        UserError: as `check_page`, or a sample is corrupt, or `raw` is no folder.
    """
    file = check_page(path, records)
    from tfrecords_tools.pages.left_out import left_out
    from tfrecords_tools.pages.samples import samples

    refused = left_out(records, raw)
    chosen = samples(records, per_split=SAMPLES)
    vocabulary = read_vocabulary(records.path / VOCABULARY)
    write_text(
        file, page(counts, samples=chosen, vocabulary=vocabulary, left_out=refused, pictured=raw is not None)
    )


def page(
    counts: Inspection,
    *,
    samples: Mapping[str, list[Sample]],
    vocabulary: list[tuple[str, int]],
    left_out: Mapping[str, list[LeftOut]],
    pictured: bool,
) -> str:
    """Renders the page as HTML; the same values give the same bytes.

    Args:
        counts: from `inspection.inspect`.
        samples: by split, from `samples.samples`.
        vocabulary: every tag with its number of training images, the most frequent first.
        left_out: by reason, from `left_out.left_out`.
        pictured: whether these have pictures.
    """
    frequencies = _by_label(counts["splits"])
    return render(
        __package__,
        TEMPLATE,
        counts=counts,
        settings=_in_words(counts["settings"]),
        images=sum(split["images"] for split in counts["splits"].values()),
        label_frequencies=frequencies,
        unknown=sum(sum(split.get("unknown", {}).values()) for split in counts["splits"].values()),
        quantities=_quantities(counts["splits"]),
        vocabulary=vocabulary,
        samples=samples,
        plots=_plots(counts["splits"], [*frequencies], vocabulary),
        columns=_columns(min(LABELS, len(frequencies)), min(TAGS, len(vocabulary))),
        labels_drawn=min(LABELS, len(frequencies)),
        tags_drawn=min(TAGS, len(vocabulary)),
        tags_of_a_sample=TAGS_OF_A_SAMPLE,
        passed_over=None if counts["passed_over"] is None else [*passed_over.counts(counts["passed_over"])],
        left_out=left_out,
        pictured=pictured,
        version=version("mmannot-tf"),
    )


def _in_words(settings: Mapping[str, Json]) -> dict[str, Json]:
    """The settings by names to read; other numbers stay as they are, because they can be seeds or years."""
    return {
        COUNTS_IN_WORDS.get(key, key.replace("_", " ")): f"{value:,}" if key in COUNTS_IN_WORDS else value
        for key, value in settings.items()
    }


def _columns(labels: int, tags: int) -> tuple[list[str], list[str]]:
    """The plots in their order, in two columns of as nearly the same height as can be.

    Args:
        labels: drawn as bars.
        tags: drawn as bars; with none, the plots of tags are left out.
    """
    heights = {"labels": bars_height(labels), "quantities": PLOT}
    if tags:
        heights |= {"ranks": PLOT, "tags": bars_height(tags)}
    names, total = [*heights], sum(heights.values())

    def unevenness(first: int) -> int:
        return abs(total - 2 * sum(heights[name] for name in names[:first]))

    first = min(range(1, len(names)), key=unevenness)
    return names[:first], names[first:]


def _by_label(splits: Splits) -> dict[str, dict[str, int]]:
    """Images by label and split; sorted by frequency in the training split, or the first if there is none."""
    first = splits["train" if "train" in splits else next(iter(splits))]["label_frequencies"]
    order = sorted(first, key=lambda label: -first[label])
    return {
        label: {split: counted["label_frequencies"][label] for split, counted in splits.items()}
        for label in order
    }


def _quantities(splits: Splits) -> list[str]:
    """The numbers of labels that images have, as in the histograms."""
    return sorted({quantity for split in splits.values() for quantity in split["labels_histogram"]}, key=int)


def _plots(splits: Splits, order: list[str], vocabulary: list[tuple[str, int]]) -> dict[str, Markup]:
    from markupsafe import Markup

    compared = {name: splits[name] for name in ("train", "test") if name in splits} or splits
    drawn = {
        "labels": plots.label_plot({name: _label_shares(split, order) for name, split in compared.items()}),
        "quantities": plots.quantity_plot({name: _quantity_shares(split) for name, split in splits.items()}),
    }
    if vocabulary:
        drawn["tags"] = plots.tag_plot(dict(vocabulary[:TAGS]))
        drawn["ranks"] = plots.rank_plot([count for _, count in vocabulary])
    return {name: Markup(svg) for name, svg in drawn.items()}  # Matplotlib escapes text in an SVG


def _label_shares(split: SplitInspection, order: list[str]) -> dict[str, float]:
    return {label: split["label_frequencies"][label] / split["images"] for label in order[:LABELS]}


def _quantity_shares(split: SplitInspection) -> dict[int, float]:
    return {int(quantity): images / split["images"] for quantity, images in split["labels_histogram"].items()}
