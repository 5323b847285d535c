"""Models as a server takes them: opened with the ways that their options need, and again in new versions."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from mmannot_tf.decisions.override import Override
from mmannot_tf.serving.engines.selection import EngineOptions
from mmannot_tf.serving.model import folder_of_versions, open_model
from mmannot_tf.workflows.annotating import with_fitted_ways

if TYPE_CHECKING:
    from mmannot_tf.serving.annotating.annotator import Annotator
    from mmannot_tf.serving.server.served_model import ServedModel


def served_model(
    name: str, path: Path, options: EngineOptions, override: Override, *, log: Callable[[str], None]
) -> "ServedModel":
    """Opens a model for a server; the server selects the engine.

    Args:
        name: in paths.
        path: an export, one of its versions, or a run; the first gets new versions.
        options: how the engine is selected, for each version.
        override: how many labels images get.
        log: receives a line on each engine tried.

    Raises:
        UserError: `path` is no model, or the model has no such way to decide.
    """
    from mmannot_tf.serving.annotating.annotator import Annotator
    from mmannot_tf.serving.server.served_model import NewVersions, ServedModel

    def opened(folder: Path) -> "Annotator":
        model, own = with_fitted_ways(open_model(folder), override)
        return Annotator.with_engine(model, options, override=own, log=log)

    versions = folder_of_versions(path)
    return ServedModel(name, opened(path), None if versions is None else NewVersions(versions, opened))
