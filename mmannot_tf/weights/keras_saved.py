"""Import from Keras: keras.applications' ResNets and the original Keras ResNet-50, with or without top.

Reads .h5 (a model or its weights, old and new) and .keras. No file states the preprocessing; it is Caffe's
for all of these models.
"""

from collections import Counter
from pathlib import Path

from mmannot_tf.models.geometry import KERAS, Geometry
from mmannot_tf.weights.imported import Imported, WeightConventions, imported
from mmannot_tf.weights.keras_files import KerasFile, read_keras
from mmannot_tf.weights.keras_names import EXAMPLES, OUTER, epsilon_of, geometry_of, rename
from mmannot_tf.weights.naming import NameScheme
from mmannot_tf.weights.provenance import CAFFE
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.listing import listed

SCHEME = NameScheme(f"the Keras model must be a ResNet with layers named {EXAMPLES}", rename)

KERAS_EPSILON = 1.001e-5
"""Batch-norm epsilon of keras.applications' ResNets (keras/src/applications/resnet.py)."""
ORIGINAL_EPSILON = 1e-3
"""Batch-norm epsilon of the original Keras ResNet-50: Keras' default, which its code did not change."""


def import_keras(path: Path) -> Imported:
    """Reads a ResNet that Keras saved.

    Epsilon, strides and paddings come from the file if it holds the model. For weights alone they are those
    of the code that uses these layer names.

    Raises:
        UserError: the file is missing or broken, or the model is no known ResNet.
    """
    file = read_keras(path)
    _check_once(file, path)
    tensors = dict(file.tensors)
    names = SCHEME.sort(tensors, path)
    epsilon, geometry = _made_with(file, path)
    renamed = {ours: tensors[theirs] for ours, theirs in names.theirs.items()}
    return imported(renamed, WeightConventions("keras", epsilon, geometry, CAFFE), source=path)


def _made_with(file: KerasFile, path: Path) -> tuple[float, Geometry]:
    if file.layers is not None:
        return epsilon_of(file.layers, path), geometry_of(file.layers, path)
    original = any(name.partition("/")[0] in OUTER for name, _ in file.tensors)
    return (ORIGINAL_EPSILON if original else KERAS_EPSILON), KERAS


def _check_once(file: KerasFile, path: Path) -> None:
    doubled = [name for name, count in Counter(name for name, _ in file.tensors).items() if count > 1]
    if doubled:
        raise UserError(f"each tensor must occur once. Received: {path}, doubled: {listed(doubled, 3)}.")
