"""Multi-modal multi-scale image annotation (Niu et al., arXiv 1709.01220) in TensorFlow/Keras.

>>> import mmannot_tf
>>> model = mmannot_tf.build_annotator("tiny", labels=81, tags=1000, image_size=64)
>>> sorted(model.output)
['logits', 'order', 'predicted_quantity', 'probabilities', 'selected']

Names in `__all__` are public; docs/api.md says what that means. They are imported when they are first
used, so `import mmannot_tf` loads neither TensorFlow nor Keras. Once Keras is imported, before or after,
this package's public classes are registered with it, and `.keras` files that hold them load.
"""

import importlib
from typing import TYPE_CHECKING, Any

from mmannot_tf.registration import register_when_keras_is_imported

if TYPE_CHECKING:
    from mmannot_tf import beam, layers, losses, metrics
    from mmannot_tf.api.annotator import build_annotator
    from mmannot_tf.api.loading import LoadedModel, load
    from mmannot_tf.api.scoring import score
    from mmannot_tf.evaluation.metrics import AnnotationScores
    from mmannot_tf.models.annotator import Annotator
    from mmannot_tf.models.architectures import ARCHITECTURES, Architecture
    from mmannot_tf.models.backbone import Backbone, build_backbone, map_shapes
    from mmannot_tf.models.classifier import build_classifier
    from mmannot_tf.models.fusion import build_fusion
    from mmannot_tf.models.ms_cnn import build_ms_cnn
    from mmannot_tf.models.pooling import build_pooling
    from mmannot_tf.models.preprocessing import Preprocessing
    from mmannot_tf.models.quantity_regressor import build_quantity_regressor
    from mmannot_tf.models.tag_encoder import build_tag_encoder
    from mmannot_tf.serving.annotation import Annotation, Unreadable
    from tfrecords_tools.reading.records import Records, open_records
    from tfrecords_tools.shell.errors import UserError

    __version__: str

__all__ = [
    "ARCHITECTURES",
    "Annotation",
    "AnnotationScores",
    "Annotator",
    "Architecture",
    "Backbone",
    "LoadedModel",
    "Preprocessing",
    "Records",
    "Unreadable",
    "UserError",
    "__version__",
    "beam",
    "build_annotator",
    "build_backbone",
    "build_classifier",
    "build_fusion",
    "build_ms_cnn",
    "build_pooling",
    "build_quantity_regressor",
    "build_tag_encoder",
    "layers",
    "load",
    "losses",
    "map_shapes",
    "metrics",
    "open_records",
    "score",
]

_MODULES = {
    "ARCHITECTURES": "mmannot_tf.models.architectures",
    "Annotation": "mmannot_tf.serving.annotation",
    "AnnotationScores": "mmannot_tf.evaluation.metrics",
    "Annotator": "mmannot_tf.models.annotator",
    "Architecture": "mmannot_tf.models.architectures",
    "Backbone": "mmannot_tf.models.backbone",
    "Preprocessing": "mmannot_tf.models.preprocessing",
    "LoadedModel": "mmannot_tf.api.loading",
    "Records": "tfrecords_tools.reading.records",
    "Unreadable": "mmannot_tf.serving.annotation",
    "UserError": "tfrecords_tools.shell.errors",
    "build_annotator": "mmannot_tf.api.annotator",
    "build_backbone": "mmannot_tf.models.backbone",
    "build_classifier": "mmannot_tf.models.classifier",
    "build_fusion": "mmannot_tf.models.fusion",
    "build_ms_cnn": "mmannot_tf.models.ms_cnn",
    "build_pooling": "mmannot_tf.models.pooling",
    "build_quantity_regressor": "mmannot_tf.models.quantity_regressor",
    "build_tag_encoder": "mmannot_tf.models.tag_encoder",
    "load": "mmannot_tf.api.loading",
    "map_shapes": "mmannot_tf.models.backbone",
    "open_records": "tfrecords_tools.reading.records",
    "score": "mmannot_tf.api.scoring",
}
"""Public name to the module that defines it."""

_LIGHT = {
    "ARCHITECTURES",
    "Annotation",
    "AnnotationScores",
    "Architecture",
    "Preprocessing",
    "Records",
    "Unreadable",
    "UserError",
    "beam",
    "open_records",
    "score",
}
"""Public names that work without Keras."""

register_when_keras_is_imported()


def __getattr__(name: str) -> Any:
    """Imports a public name when it is first used (PEP 562)."""
    value: Any
    if name == "__version__":
        from importlib.metadata import version

        value = version("mmannot-tf")
    elif name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    else:
        if name not in _LIGHT:
            importlib.import_module("keras")  # first: two threads that import in other orders would deadlock
        if name in ("beam", "layers", "losses", "metrics"):
            return importlib.import_module(f"mmannot_tf.{name}")
        value = getattr(importlib.import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
