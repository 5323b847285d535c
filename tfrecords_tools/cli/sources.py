"""The sources of the command line. A new source needs its own folder and one entry here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tfrecords_tools.building.source import RecordSource
from tfrecords_tools.features.settings import FeaturesSettings
from tfrecords_tools.features.source import features_source
from tfrecords_tools.manifest.settings import ManifestSettings
from tfrecords_tools.manifest.source import manifest_source
from tfrecords_tools.mirflickr.settings import MirflickrSettings
from tfrecords_tools.mirflickr.source import mirflickr_source
from tfrecords_tools.mscoco.settings import MscocoSettings
from tfrecords_tools.mscoco.source import mscoco_source
from tfrecords_tools.nus_wide.settings import NusWideSettings
from tfrecords_tools.nus_wide.source import nus_wide_source
from tfrecords_tools.synthetic.settings import SyntheticSettings
from tfrecords_tools.synthetic.source import synthetic_source

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


@dataclass(frozen=True)
class SourceType:
    """A source of the command line.

    Attributes:
        name: its name on the command line.
        doc: its help text.
        settings: the dataclass of its options.
        load: parses its annotation files; takes an instance of `settings`.
    """

    name: str
    doc: str
    settings: type[DataclassInstance]
    load: Callable[[Any], RecordSource]


SOURCES = (
    SourceType("synthetic", "Synthetic scenes with noisy tags.", SyntheticSettings, synthetic_source),
    SourceType("mscoco", "MS-COCO 2014 or 2017, words of captions as tags.", MscocoSettings, mscoco_source),
    SourceType(
        "nus-wide",
        "NUS-WIDE in its official layout: 81 concepts, 1,000 user tags.",
        NusWideSettings,
        nus_wide_source,
    ),
    SourceType(
        "mirflickr",
        "MIRFLICKR-25k in its official layout: 38 labels, its owners' tags.",
        MirflickrSettings,
        mirflickr_source,
    ),
    SourceType(
        "manifest",
        "Your own photographs, listed in a CSV or JSON-lines file.",
        ManifestSettings,
        manifest_source,
    ),
    SourceType(
        "features",
        "Vectors of a network of your own, such as CLIP's, with labels and tags.",
        FeaturesSettings,
        features_source,
    ),
)
