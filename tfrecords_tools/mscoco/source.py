"""MS-COCO as a source of records, from its official files or through TFDS."""

import dataclasses

from tfrecords_tools.building.source import RecordSource
from tfrecords_tools.mscoco.from_files import from_files
from tfrecords_tools.mscoco.from_tfds import from_tfds
from tfrecords_tools.mscoco.settings import MscocoSettings
from tfrecords_tools.reading.published import PublishedCounts

PAPER = PublishedCounts("the paper (Sec. IV-A1)", train=56_414, test=30_774)
OFFICIAL = {2014: (PublishedCounts("the official files, labelled", train=82_081, test=40_137),)}
"""Known numbers of images with an object, by year."""


def mscoco_source(settings: MscocoSettings) -> RecordSource:
    """MS-COCO as a source; test is the official val, validation a part of the official train.

    The official files and TFDS give the same records of 2014.

    Raises:
        UserError: raw files are missing or broken; TFDS cannot download.
    """
    if settings.raw is None:
        # TFDS has no image files, among which placeholders could be found
        settings = dataclasses.replace(
            settings, rules=dataclasses.replace(settings.rules, placeholder_copies=0)
        )
        content = from_tfds(settings)
    else:
        content = from_files(settings.raw, settings)
    return RecordSource(
        name="mscoco",
        config=str(content.year),
        labels=content.labels,
        settings={**settings.as_json(), "year": content.year, **content.origin},
        splits=content.splits,
        rules=settings.rules,
        citation="Lin et al., Microsoft COCO: Common Objects in Context, ECCV 2014.",
        published=(PAPER, *OFFICIAL.get(content.year, ())),
        defects=content.defects,
        repeated=content.repeated,
        notes=content.notes,
        raw=settings.raw,
    )
