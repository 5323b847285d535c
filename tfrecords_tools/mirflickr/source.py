"""MIRFLICKR-25k's official files as a source of records."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from pathlib import Path

from tfrecords_tools.building.source import RecordSource, Split, check_raw_folder
from tfrecords_tools.building.splitting import is_held_out
from tfrecords_tools.mirflickr.annotations import Labels, read_labels, read_tags
from tfrecords_tools.mirflickr.labels import IMAGES, LABELLED, PUBLIC_COPY, labels_of
from tfrecords_tools.mirflickr.layout import annotation_folder, image_file, image_numbers, label_file
from tfrecords_tools.mirflickr.settings import MirflickrSettings
from tfrecords_tools.mirflickr.splits import PUBLISHED, training_numbers
from tfrecords_tools.reading.example import Example
from tfrecords_tools.shell.files import digest, sha256


def mirflickr_source(settings: MirflickrSettings) -> RecordSource:
    """MIRFLICKR-25k, or a part of it, as a source; validation is a part of the protocol's training images.

    Raises:
        UserError: raw files are missing or broken.
    """
    raw, names = settings.raw, labels_of(settings.labels)
    check_raw_folder(raw)
    numbers = image_numbers(raw)
    labels = read_labels(raw, names)
    tags, tag_defects = read_tags(raw, numbers)
    training = training_numbers(numbers, settings.protocol, seed=settings.split_seed)
    held_out = {number for number in training if is_held_out(record_id(number), settings.validation_share)}
    chosen = {
        "train": [number for number in training if number not in held_out],
        "validation": sorted(held_out),
        "test": sorted({*numbers} - {*training}),
    }
    drawn = f"random{settings.split_seed}" if settings.protocol == "random" else settings.protocol
    return RecordSource(
        name="mirflickr",
        config=f"{drawn}-{settings.labels}",
        labels=names,
        settings={**settings.as_json(), "annotations": _digests(raw, names, tags)},
        splits={
            split: Split(len(part), partial(_examples, raw, part, labels, tags))
            for split, part in chosen.items()
        },
        rules=settings.rules,
        citation="Huiskes and Lew, The MIR Flickr Retrieval Evaluation, MIR 2008.",
        published=(PUBLISHED,),
        defects=(*labels.defects, *tag_defects),
        raw=raw,
        notes=tuple(_notes(numbers, labels, names)),
    )


def record_id(number: int) -> str:
    """The id of an image: its file's name without the suffix."""
    return f"im{number}"


def _notes(numbers: Sequence[int], labels: Labels, names: Sequence[str]) -> Iterator[str]:
    """Says whether a part of the collection is here, and its counts beside those of the whole."""
    if len(numbers) < IMAGES:
        yield f"{len(numbers):,} of the collection's {IMAGES:,} images are here"
    counted = [name for name in names if name in PUBLIC_COPY]
    if not counted:
        return
    labelled = [set(labels.names.get(number, ())).intersection(counted) for number in numbers]
    here = Counter(chain.from_iterable(labelled))
    pairs = [f"{name} {here[name]:,} / {PUBLIC_COPY[name]:,}" for name in counted]
    any_label = f"any {sum(map(bool, labelled)):,} / {LABELLED:,}"
    yield f"images with a label, here / in a public copy of all {IMAGES:,}: {', '.join([*pairs, any_label])}"


def _digests(raw: Path, names: tuple[str, ...], tags: Mapping[int, tuple[str, ...]]) -> dict[str, str]:
    """Digests of the labels' files and of the tags of the images that are here."""
    folder = annotation_folder(raw, names)
    return {
        "LABEL.txt": digest([sha256(label_file(folder, name)) for name in names]),
        "tagsN.txt": digest([[number, *own] for number, own in tags.items()]),
    }


def _examples(
    raw: Path, numbers: Sequence[int], labels: Labels, tags: Mapping[int, tuple[str, ...]]
) -> Iterator[Example]:
    for number in numbers:
        own = labels.names.get(number, ())
        yield Example(record_id(number), image_file(raw, number), own, tags[number])
