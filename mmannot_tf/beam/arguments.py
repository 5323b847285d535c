"""The arguments of `mmannot annotate --beam-runner`. Imports no Beam."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mmannot_tf.decisions.override import Override
from mmannot_tf.serving.engines.selection import EngineOptions


@dataclass(frozen=True)
class BeamArguments:
    """The arguments of the command.

    Attributes:
        model: the path or URL of an export.
        images: files, folders and patterns, paths or URLs.
        tags: comma-separated, of photographs that `tags_file` does not name.
        tags_file: the path or URL of a CSV file with tags.
        out: the path or URL that stands for the sharded files.
        output_format: their format, where the suffix of `out` does not say it.
        decide: how many labels photographs get.
        engine: the engine.
        batch_size: photographs per forward pass.
        refused: options that make no sense on Beam, by whether they are given.
    """

    model: str | os.PathLike[str]
    images: Sequence[str | os.PathLike[str]]
    tags: str
    tags_file: str | os.PathLike[str] | None
    out: str | os.PathLike[str] | None
    output_format: str | None
    decide: Override
    engine: EngineOptions
    batch_size: int
    refused: Mapping[str, bool]
