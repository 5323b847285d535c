"""Checks raw files without writing anything: what a build would keep, and what it would drop."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TypedDict

from tfrecords_tools.building.build_tally import unusable
from tfrecords_tools.building.drop_reasons import UNUSABLE, DropReason
from tfrecords_tools.building.examining import ExaminedImage, examine
from tfrecords_tools.building.leakage import Copies, Leak, find_copies, leaks_of
from tfrecords_tools.building.near_duplicates import NearDuplicates, check_imagehash
from tfrecords_tools.building.placeholders import placeholder_reason
from tfrecords_tools.building.source import RecordSource
from tfrecords_tools.building.unlisted import find_unlisted
from tfrecords_tools.photographs.unreadable import MISSING
from tfrecords_tools.reading.marker import UnusableImage
from tfrecords_tools.reading.passed_over import PassedOver, UnlistedFiles
from tfrecords_tools.reading.published import CountComparison, published_counts
from tfrecords_tools.shell.counted import counted
from tfrecords_tools.shell.progress import progress_bars


@dataclass
class SplitCounts:
    """Counts of one split's raw images.

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
    leakage: list[dict[str, list[str]]]
    near_duplicates: list[tuple[str, str]] | None
    published: list[CountComparison]
    notes: list[str]
    lost: dict[DropReason, int]
    stops: list[str]
    passed_over: PassedOver


@dataclass
class CheckReport:
    """The result of a check.

    Attributes:
        source: the raw data set.
        splits: counts by split.
        refused: every image whose file is missing, unreadable or a placeholder.
        same_content: groups of ids of images with equal bytes, placeholders excluded.
        leaks: photographs of equal bytes in several splits, that the rules keep but for `leakage`.
        near_duplicates: pairs of photographs in different splits that look alike; None if not looked for.
        unlisted: files that no row of a manifest names; None if not looked for.
        dropped: number of images, or of defects in label files, that a build would drop, by reason. An image
            counts once: as unlabelled or untagged if a rule drops it, because a build does not read it then.
        tags: number of kept training images by tag.
    """

    source: RecordSource
    splits: dict[str, SplitCounts]
    refused: list[UnusableImage] = field(default_factory=list)
    same_content: list[list[str]] = field(default_factory=list)
    leaks: list[Leak] = field(default_factory=list)
    near_duplicates: list[tuple[str, str]] | None = None
    unlisted: UnlistedFiles | None = None
    dropped: Counter[DropReason] = field(default_factory=Counter)
    tags: Counter[str] = field(default_factory=Counter)

    @property
    def annotation_obstacle(self) -> str:
        """Why a build would stop before it reads an image; empty if it would not."""
        defects, repair = self.source.defects, self.source.rules.repair_labels
        return counted(len(defects), "label error") if defects and not repair else ""

    @property
    def obstacles(self) -> list[str]:
        """Why a build with these rules would stop; empty if it would not."""
        stops = [self.annotation_obstacle] if self.annotation_obstacle else []
        bad = sum(self.dropped[reason] for reason in UNUSABLE)
        candidates, limit = self.source.candidates, self.source.rules.bad_share
        if bad > limit * candidates:
            stops.append(
                f"{bad:,} of {counted(candidates, 'image')} cannot be used, a share of {limit:g} may"
            )
        empty = [name for name, counts in self.splits.items() if not counts.kept]
        return [*stops, f"no image for {', '.join(empty)}"] if empty else stops

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
            "leakage": [leak.as_json() for leak in self.leaks],
            "near_duplicates": self.near_duplicates,
            "published": published_counts(source.published, kept),
            "notes": list(source.notes),
            "lost": dict(self.dropped),
            "stops": self.obstacles,
            "passed_over": passed_over(source, self.dropped, self.unlisted),
        }


def passed_over(
    source: RecordSource, dropped: Mapping[DropReason, int], unlisted: UnlistedFiles | None
) -> PassedOver:
    """The summary of what a build of `source` leaves out.

    Args:
        source: the raw data set.
        dropped: the number of images by reason.
        unlisted: files that no row names; None if nobody looked.
    """
    images = {reason.value: dropped[reason] for reason in DropReason if dropped.get(reason)}
    if source.defects:
        images[DropReason.LABEL_ERRORS.value] = len(source.defects)
    return {"images": images, "unlisted": unlisted}


def check(
    source: RecordSource,
    *,
    workers: int | None = None,
    near_duplicates: bool = False,
    count_unlisted: bool = True,
) -> CheckReport:
    """Reads every raw file of `source` once and counts the images that a build would keep.

    Args:
        source: the raw data set.
        workers: processes that read the images; None starts one per core if reading takes long.
        near_duplicates: whether to look for photographs in different splits that look alike.
        count_unlisted: whether to count the files that no row of a manifest names.

    Raises:
        UserError: the package that finds near-duplicates is missing.
    """
    alike = NearDuplicates() if near_duplicates else None
    if alike:
        check_imagehash()
    splits = {name: SplitCounts(split.candidates) for name, split in source.splits.items()}
    report = CheckReport(source, splits)
    if source.defects and not source.rules.repair_labels:
        report.dropped[DropReason.LABEL_ERRORS] = len(source.defects)
    copies = find_copies(source)
    places: defaultdict[str, list[tuple[str, str, bool]]] = defaultdict(list)
    with progress_bars("images") as display:
        for name, split in source.splits.items():
            task = display.add_task(f"{source.name} {name}", total=split.candidates)
            for image in examine(
                split.examples(),
                workers=0 if source.vectors else workers,
                images=near_duplicates,
                quick=source.rules.quick_check,
            ):
                display.advance(task)
                if _add(report, name, image, copies=copies):
                    places[image.content].append((name, image.example.id, _is_kept(source, image)))
                    if alike and image.image and _is_kept(source, image):
                        alike.add(name, image.example.id, image.image, content=image.content)
    report.near_duplicates = alike.pairs() if alike else None
    report.unlisted = find_unlisted(source) if count_unlisted else None
    for same in places.values():
        if len(same) > 1:
            report.same_content.append([identifier for _, identifier, _ in same])
            report.leaks += leaks_of((split, identifier) for split, identifier, kept in same if kept)
    return report


def _is_kept(source: RecordSource, image: ExaminedImage) -> bool:
    return source.rules.drop_reason(image.example.labels, image.example.tags) is None


def _add(report: CheckReport, split: str, image: ExaminedImage, *, copies: Copies) -> bool:
    """Adds one image to the counts; returns whether its file can be used."""
    counts, rules, example = report.splits[split], report.source.rules, image.example
    counts.unlabelled += not example.labels
    counts.untagged += not example.tags
    lack = rules.drop_reason(example.labels, example.tags)
    if problem := _file_problem(image, copies=copies.placeholders.get(str(example.image), 0)):
        drop_reason, text = problem
        setattr(counts, drop_reason, getattr(counts, drop_reason) + 1)
        report.refused.append(unusable(example, text, report.source))
        report.dropped[DropReason(lack or drop_reason)] += 1
        return False
    counts.found += 1
    if lack:
        report.dropped[DropReason(lack)] += 1
    elif example.id in copies.dropped:
        report.dropped[DropReason.LEAKAGE] += 1
    else:
        counts.kept += 1
        report.tags.update(example.tags if split == "train" else ())
    return True


def _file_problem(image: ExaminedImage, *, copies: int) -> tuple[DropReason, str] | None:
    """Why the image's file cannot be used, as a value and in words; None if it can."""
    if copies:
        return DropReason.PLACEHOLDER, placeholder_reason(copies)
    if image.reason == MISSING:
        return DropReason.MISSING, image.reason
    return (DropReason.UNREADABLE, image.reason) if image.reason else None
