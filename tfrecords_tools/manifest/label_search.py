"""Makes a manifest of a folder of photographs with the labels that they have already."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from tfrecords_tools.building.source import check_raw_folder
from tfrecords_tools.manifest.found_labels import (
    LEAST_PHOTOGRAPHS,
    FoundLabels,
    LabelRule,
    label_photographs,
)
from tfrecords_tools.manifest.found_photographs import LabelOrigin, find_photographs
from tfrecords_tools.manifest.label_list import read_labels
from tfrecords_tools.manifest.lines import check_suffix
from tfrecords_tools.manifest.manifest_writing import write_rows
from tfrecords_tools.manifest.separators import AUTO, USUAL
from tfrecords_tools.manifest.settings import ManifestSettings
from tfrecords_tools.shell.counted import counted
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.listing import listed

SHOWN = 40
"""Labels and other words that the summary names; the others are counted."""
WORDS: dict[LabelOrigin, tuple[str, str, str]] = {
    "metadata": ("keyword", "keywords", ", kept as tags"),
    "folders": ("name of folders", "names of folders", ""),
}


def write_manifest(settings: ManifestSettings, origin: LabelOrigin) -> tuple[str, ...]:
    """Finds the labels of the photographs below `settings.raw` and writes `settings.manifest`.

    Args:
        settings: `labels`, `least_photographs`, `fold_case` and `synonyms` say what becomes a label.
        origin: where labels are found.

    Returns:
        What was found and written, a sentence each.

    Raises:
        UserError: the manifest exists or cannot have its name; the folder holds no photograph; no word
            becomes a label.
    """
    _check(settings)
    names = None if settings.labels is None else read_labels(settings.labels)
    least = LEAST_PHOTOGRAPHS[origin] if settings.least_photographs is None else settings.least_photographs
    rule = LabelRule(origin, names, least, settings.merging())
    separators = USUAL if settings.separator == AUTO else (settings.separator,)
    photographs = find_photographs(settings.raw, origin, separators=separators, labels=names or ())
    found = label_photographs(photographs.photographs, rule)
    if not found.labels:
        raise _no_label(settings.raw, rule, found)
    write_rows(settings.manifest, found.rows, separators[0])
    return (*_summary(settings.manifest, rule, found), *photographs.notes)


def _check(settings: ManifestSettings) -> None:
    check_raw_folder(settings.raw)
    check_suffix(settings.manifest)
    if settings.manifest.exists():
        raise UserError(
            f"manifest must not exist yet. Received: {settings.manifest}, which stays as it is. Name another "
            "file, or remove it."
        )
    if settings.column:
        raise UserError(
            f"--column must name columns of a manifest that exists. Received: {settings.column[0]}, but "
            f"{settings.manifest} is to be written. Leave --column out."
        )


def _no_label(raw: Path, rule: LabelRule, found: FoundLabels) -> UserError:
    _, words, _ = WORDS[rule.origin]
    if not found.others:
        return UserError(
            f"photographs must have {words} to become labels. Received: {raw}, where none of "
            f"{counted(len(found.rows), 'photograph')} has any. Write a manifest by hand."
        )
    return UserError(
        f"some {words} must become labels. Received: {raw}, where all are {_refused(rule)}; the most "
        f"frequent: {_counts(found.others)}. Pass --labels or --least-photographs."
    )


def _refused(rule: LabelRule) -> str:
    """What words are that become no labels."""
    if rule.listed is not None:
        return "not in the list of labels"
    too_few = [f"on fewer than {counted(rule.least, 'photograph')}"] if rule.least > 1 else []
    return ", ".join(too_few if rule.origin == "metadata" else [*too_few, "dates, numbers, cameras' names"])


def _summary(manifest: Path, rule: LabelRule, found: FoundLabels) -> Iterator[str]:
    rows, (word, words, kept) = found.rows, WORDS[rule.origin]
    labelled, tagged, split = (
        sum(map(bool, column))
        for column in ([row.labels for row in rows], [row.tags for row in rows], [row.split for row in rows])
    )
    yield (
        f"{manifest}: {counted(len(rows), 'photograph')}: {labelled:,} with labels, {tagged:,} with tags, "
        f"{split:,} with a split by their folders; it is yours to read and correct, and never written again"
    )
    yield f"{counted(len(found.labels), 'label')}: {_counts(found.labels)}"
    if found.others:
        number = counted(len(found.others), word, words)
        yield f"{number} not taken ({_refused(rule)}){kept}: {_counts(found.others)}"
    folded = {label.casefold() for label in rule.listed or found.labels}
    same = [other for other in found.others if other.casefold() in folded]
    if same:
        named = listed([*map(repr, same)], SHOWN)
        yield f"not taken, though they differ from a label in case only: {named}; --fold-case takes them"
    everywhere = [label for label, count in found.labels.items() if count == len(rows) > 1]
    if everywhere:
        named = listed([*map(repr, everywhere)], SHOWN)
        yield f"every photograph has {named}: such a label teaches nothing; a list (--labels) leaves it out"


def _counts(words: Mapping[str, int]) -> str:
    return listed([f"{word} {count:,}" for word, count in words.items()], SHOWN)
