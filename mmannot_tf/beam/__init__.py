"""Annotating photographs in a pipeline of Apache Beam; docs/scale.md has examples.

`mmannot annotate --beam-runner` is such a pipeline. `import mmannot_tf.beam` loads neither Beam nor
TensorFlow; a name imports what it needs when it is used.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mmannot_tf.beam.photographs import Photograph, StoredPhotograph
    from mmannot_tf.beam.transform import Annotate

__all__ = ["Annotate", "Photograph", "StoredPhotograph"]

_MODULES = {
    "Annotate": "mmannot_tf.beam.transform",
    "Photograph": "mmannot_tf.beam.photographs",
    "StoredPhotograph": "mmannot_tf.beam.photographs",
}
"""Public name to the module that defines it."""


def __getattr__(name: str) -> Any:
    """Imports a public name when it is first used (PEP 562)."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
