"""Registers this package's Keras classes as soon as Keras is imported, before or after this package.

Keras looks for a class in its registry only when it loads a `.keras` file; it imports no other packages. So a
bare `import mmannot_tf` must fill the registry, and yet must not import Keras.

The modules listed here define registered classes. Each imports Keras first and no module that is listed
after it, so that the hook can run in the middle of any import.
"""

import importlib
from types import ModuleType

from wrapt import register_post_import_hook

MODULES = (
    "mmannot_tf.layers.image_normalization",
    "mmannot_tf.layers.multi_hot_dense",
    "mmannot_tf.layers.quantity_selection",
    "mmannot_tf.losses.asymmetric",
    "mmannot_tf.losses.quantity_error",
    "mmannot_tf.losses.sigmoid_cross_entropy",
    "mmannot_tf.losses.softmax_cross_entropy",
    "mmannot_tf.losses.summed",
    "mmannot_tf.losses.warp",
    "mmannot_tf.metrics.annotation",
    "mmannot_tf.models.annotator",
)


def register_when_keras_is_imported() -> None:
    """Imports `MODULES` now if Keras is imported already, else directly after Keras."""
    register_post_import_hook(_import_modules, "keras")


def _import_modules(_: ModuleType) -> None:
    for name in MODULES:
        importlib.import_module(name)
