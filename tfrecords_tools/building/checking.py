"""Checks raw files without writing anything: what a build would keep, and what it would drop."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TypedDict

from tfrecords_tools.building.examining import ExaminedImage, examine, processes
from tfrecords_tools.building.placeholders import find_placeholders, placeholder_reason
from tfrecords_tools.building.source import RecordSource
from tfrecords_tools.photographs.unreadable import MISSING
from tfrecords_tools.reading.published import CountComparison, published_counts
from tfrecords_tools.reading.records import UnusableImage
from tfrecords_tools.shell.console import progress_bars


class DropReason(StrEnum):
    """Why a build would drop an image or an entry of a label file."""

    MISSING = "missing"
    UNREADABLE = "unreadable"
    PLACEHOLDER = "placeholder"
    UNLABELLED = "unlabelled"
    UNTAGGED = "untagged"
    LABEL_ERRORS = "label-errors"


@dataclass
class SplitCounts:
    """Counts of one split's raw images. An image is dropped once, for the first reason in `DropReason`.

    Attributes:
        candidates: images in the source.
        found: images that decode and are no placeholders.
        missing: images without a file.
        unreadable: images whose file does not decode.
        placeholder: images whose file replaces a deleted photograph.
        unlabelled: images without a label, found or not.
        untagged: images without a tag, found or not.
        kept: images that a build with these rules would keep.
    """

    candidates: int
    found: int = 0
    missing: int = 0
    unreadable: int = 0
    placeholder: int = 0
    unlabelled: int = 0
    untagged: int = 0
    kept: int = 0


class CheckDocument(TypedDict):
    """A check report as `mmannot-records check --json` prints it."""

    source: str
    config: str
    labels: list[str]
    vocabulary: int
    splits: dict[str, dict[str, int]]
    refused: list[UnusableImage]
    label_errors: list[dict[str, str | int]]
    repeated_ids: dict[str, list[str]]
    same_content: list[list[str]]
    published: list[CountComparison]
    lost: dict[DropReason, int]


@dataclass
class CheckReport:
    """The result of a check.

    Attributes:
        source: the raw data set.
        splits: counts by split.
        refused: every image whose file is missing, unreadable or a placeholder.
        same_content: groups of ids of images with equal bytes, placeholders excluded.
        dropped: number of images, or of defects in label files, that a build would drop, by reason.
        tags: number of kept training images by tag.
    """

    source: RecordSource
    splits: dict[str, SplitCounts]
    refused: list[UnusableImage] = field(default_factory=list)
    same_content: list[list[str]] = field(default_factory=list)
    dropped: Counter[DropReason] = field(default_factory=Counter)
    tags: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> CheckDocument:
        """The report as a JSON document."""
        source = self.source
        kept = {name: counts.kept for name, counts in self.splits.items()}
        return {
            "source": source.name,
            "config": source.config,
            "labels": list(source.labels),
            "vocabulary": len(self.tags),
            "splits": {name: asdict(counts) for name, counts in self.splits.items()},
            "refused": self.refused,
            "label_errors": [asdict(defect) for defect in source.defects],
            "repeated_ids": {photo: list(ids) for photo, ids in source.repeated.items()},
            "same_content": self.same_content,
            "published": published_counts(source.published, kept),
            "lost": dict(self.dropped),
        }


def check(source: RecordSource, *, workers: int | None = None) -> CheckReport:
    """Reads every raw file of `source` once and counts the images that a build would keep.

    Args:
        source: the raw data set.
        workers: processes that read the images; None chooses by the number of images.
    """
    splits = {name: SplitCounts(split.candidates) for name, split in source.splits.items()}
    report = CheckReport(source, splits)
    if source.defects and not source.rules.repair_labels:
        report.dropped[DropReason.LABEL_ERRORS] = len(source.defects)
    placeholders = find_placeholders(source)
    ids: defaultdict[str, list[str]] = defaultdict(list)
    with progress_bars("images") as display:
        for name, split in source.splits.items():
            task = display.add_task(f"{source.name} {name}", total=split.candidates)
            images = examine(split.examples(), workers=processes(workers, source.candidates), images=False)
            for image in images:
                display.advance(task)
                copies = placeholders.get(str(image.example.image), 0)
                _add(report, name, image, copies=copies)
                if image.content and not copies:
                    ids[image.content].append(image.example.id)
    report.same_content += [group for group in ids.values() if len(group) > 1]
    return report


def _add(report: CheckReport, split: str, image: ExaminedImage, *, copies: int) -> None:
    """Adds one image to the counts."""
    counts, rules, example = report.splits[split], report.source.rules, image.example
    counts.unlabelled += not example.labels
    counts.untagged += not example.tags
    if problem := _file_problem(image, copies=copies):
        drop_reason, text = problem
        setattr(counts, drop_reason, getattr(counts, drop_reason) + 1)
        report.refused.append({"id": example.id, "file": example.file, "reason": text})
        report.dropped[drop_reason] += 1
        return
    counts.found += 1
    if lack := rules.drop_reason(example.labels, example.tags):
        report.dropped[DropReason(lack)] += 1
    else:
        counts.kept += 1
        report.tags.update(example.tags if split == "train" else ())


def _file_problem(image: ExaminedImage, *, copies: int) -> tuple[DropReason, str] | None:
    """Why the image's file cannot be used, as a value and in words; None if it can."""
    if copies:
        return DropReason.PLACEHOLDER, placeholder_reason(copies)
    if image.reason == MISSING:
        return DropReason.MISSING, image.reason
    return (DropReason.UNREADABLE, image.reason) if image.reason else None
