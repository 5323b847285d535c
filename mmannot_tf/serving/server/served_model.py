"""A model that a server is given: its first version, and how others are opened."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mmannot_tf.serving.annotating.annotator import Annotator
from mmannot_tf.serving.engines.probe import probe_batch


@dataclass(frozen=True)
class NewVersions:
    """Where new versions of a model come from.

    Attributes:
        folder: where they appear, each in a folder that its number names.
        open: opens one of them by its folder, in the way that the first one was opened.
    """

    folder: Path
    open: Callable[[Path], Annotator]


@dataclass(frozen=True)
class ServedModel:
    """A model under its name.

    Attributes:
        name: in paths.
        annotator: of the version that answers first.
        new: its later versions; None if it has none.
    """

    name: str
    annotator: Annotator
    new: NewVersions | None = None


def warm(annotator: Annotator) -> Annotator:
    """Selects an annotator's engine on a batch of made images, and runs it once; returns the annotator.

    Raises:
        UserError: the engine is unavailable, or does not agree with the SavedModel.
    """
    annotator.run(probe_batch(annotator.model)[0])
    return annotator
