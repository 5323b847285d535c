"""The groups of a backbone's layers that a stage leaves as they are."""

import keras

from mmannot_tf.models.architectures import ARCHITECTURES


def freeze_before(backbone: keras.Model, group: str, *, name: str) -> None:
    """Makes the layers of earlier groups untrainable.

    Args:
        backbone: of the stage's network.
        group: "conv1" to "conv5", as `trained_from`.
        name: of the backbone, as `model.backbone`. The layers of our ResNets are named by their group; in
            other networks a map ends a group.
    """
    number = int(group.removeprefix("conv"))
    if name in ARCHITECTURES:
        earlier = [layer for layer in backbone.layers if layer.name.partition("_")[0] < group]
    else:
        earlier = keras.Model(backbone.inputs, backbone.outputs[number - 2]).layers if number > 1 else []
    for layer in earlier:
        if layer.weights:
            layer.trainable = False
