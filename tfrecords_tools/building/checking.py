"""Checks a source's raw files without writing anything: what a build would keep, and what it would lose."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from tfrecords_tools.building.examining import Examined, examine, processes
from tfrecords_tools.building.images import MISSING
from tfrecords_tools.building.placeholders import placeholder_reason, placeholders_of
from tfrecords_tools.building.source import Source
from tfrecords_tools.reading.published import beside
from tfrecords_tools.shell.console import progress


class Loss(StrEnum):
    """Why an image, or what a label file says of it, would not become a record."""

    MISSING = "missing"
    UNREADABLE = "unreadable"
    PLACEHOLDER = "placeholder"
    UNLABELLED = "unlabelled"
    UNTAGGED = "untagged"
    LABEL_ERRORS = "label-errors"


@dataclass
class SplitCounts:
    """What the raw files of one split hold. An image is lost once: for the first reason in `Loss`' order.

    Attributes:
        candidates: images the source offers.
        found: of these, files that decode to their end and are no placeholder.
        missing: files that are not there.
        unreadable: files that are there and do not decode.
        placeholder: files that stand for deleted photographs.
        unlabelled: images without a label, whatever their file.
        untagged: images without a tag, whatever their file.
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


@dataclass
class Report:
    """What a check found.

    Attributes:
        source: whose raw files they are.
        splits: counts by split.
        refused: `{"id", "file", "reason"}` of every file that is missing, unreadable or a placeholder.
        same_content: ids of the images of equal bytes, by group, placeholders left out.
        lost: how many images, or label-file errors, a build would leave out, by reason.
        tags: how many of the training images kept bear a tag.
    """

    source: Source
    splits: dict[str, SplitCounts]
    refused: list[dict[str, str]] = field(default_factory=list)
    same_content: list[list[str]] = field(default_factory=list)
    lost: Counter[Loss] = field(default_factory=Counter)
    tags: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> dict[str, Any]:
        """JSON values, as `mmannot-records check --json` prints them."""
        source = self.source
        kept = {name: counts.kept for name, counts in self.splits.items()}
        return {
            "source": source.name,
            "config": source.config,
            "labels": list(source.labels),
            "vocabulary": len(self.tags),
            "splits": {name: asdict(counts) for name, counts in self.splits.items()},
            "refused": self.refused,
            "label_errors": [asdict(finding) for finding in source.findings],
            "repeated_ids": {photo: list(ids) for photo, ids in source.repeated.items()},
            "same_content": self.same_content,
            "published": beside(source.published, kept),
            "lost": dict(self.lost),
        }


def check(source: Source, *, workers: int | None = None) -> Report:
    """Reads every raw file of `source` once.

    Args:
        source: whose files are read.
        workers: other processes that read the images; None: what suits their number.
    """
    report = Report(source, {name: SplitCounts(split.candidates) for name, split in source.splits.items()})
    if source.findings and not source.rules.repair_labels:
        report.lost[Loss.LABEL_ERRORS] = len(source.findings)
    placeholders = placeholders_of(source)
    ids: defaultdict[str, list[str]] = defaultdict(list)
    with progress("images") as display:
        for name, split in source.splits.items():
            task = display.add_task(f"{source.name} {name}", total=split.candidates)
            every = examine(split.examples(), workers=processes(workers, source.candidates), images=False)
            for one in every:
                display.advance(task)
                copies = placeholders.get(str(one.example.image), 0)
                _enter(report, name, one, copies=copies)
                if one.content and not copies:
                    ids[one.content].append(one.example.id)
    report.same_content += [group for group in ids.values() if len(group) > 1]
    return report


def _enter(report: Report, split: str, one: Examined, *, copies: int) -> None:
    """Enters one image into the counts."""
    counts, rules, example = report.splits[split], report.source.rules, one.example
    counts.unlabelled += not example.labels
    counts.untagged += not example.tags
    refusal = _refusal(one, copies=copies)
    if refusal:
        loss, reason = refusal
        setattr(counts, loss, getattr(counts, loss) + 1)
        report.refused.append({"id": example.id, "file": example.file, "reason": reason})
    else:
        counts.found += 1
        lack = rules.lacks(example.labels, example.tags)
        loss = Loss(lack) if lack else None
    if loss is None:
        counts.kept += 1
        report.tags.update(example.tags if split == "train" else ())
    else:
        report.lost[loss] += 1


def _refusal(one: Examined, *, copies: int) -> tuple[Loss, str] | None:
    """What is wrong with the image's file, and how it is said; None where nothing is."""
    if copies:
        return Loss.PLACEHOLDER, placeholder_reason(copies)
    if one.reason == MISSING:
        return Loss.MISSING, one.reason
    return (Loss.UNREADABLE, one.reason) if one.reason else None
