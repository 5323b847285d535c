"""The sources the command line knows. A new source is a folder of its own and one entry here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tfrecords_tools.building.source import Source
from tfrecords_tools.manifest.settings import ManifestSettings
from tfrecords_tools.manifest.source import manifest_source
from tfrecords_tools.mscoco.settings import MscocoSettings
from tfrecords_tools.mscoco.source import mscoco_source
from tfrecords_tools.nus_wide.settings import NusWideSettings
from tfrecords_tools.nus_wide.source import nus_wide_source
from tfrecords_tools.synthetic.settings import SyntheticSettings
from tfrecords_tools.synthetic.source import synthetic_source


@dataclass(frozen=True)
class Kind:
    """One source.

    Attributes:
        name: what it is called on the command line.
        doc: its help.
        settings: the dataclass of its options.
        source: parses its annotation files.
    """

    name: str
    doc: str
    settings: type
    source: Callable[[Any], Source]


KINDS = (
    Kind("synthetic", "Made-up scenes with noisy tags: no download.", SyntheticSettings, synthetic_source),
    Kind("mscoco", "MS-COCO 2014 or 2017, the words of the captions as tags.", MscocoSettings, mscoco_source),
    Kind(
        "nus-wide",
        "NUS-WIDE in its official layout: 81 concepts, 1,000 user tags.",
        NusWideSettings,
        nus_wide_source,
    ),
    Kind(
        "manifest",
        "Your own photographs, listed in a CSV or JSON-lines file.",
        ManifestSettings,
        manifest_source,
    ),
)
