"""The multi-scale CNN (Sec. III-A): the backbone's five maps, fused into the visual feature f_v."""

import keras


def build_ms_cnn(backbone: keras.Model, fusion: keras.Model) -> keras.Model:
    """Joins a backbone and the fusion blocks; the layers stay shared with the caller.

    Args:
        backbone: from `build_backbone`: an image to five maps.
        fusion: from `build_fusion`: these maps to f_v.

    Returns:
        A model "ms_cnn" from a normalised image `[B, S, S, 3] float32` to f_v, `[B, D] float32`.

    Example:
        >>> backbone = mmannot_tf.build_backbone("tiny", image_size=64)
        >>> fusion = mmannot_tf.build_fusion(mmannot_tf.map_shapes(backbone))
        >>> ms_cnn = mmannot_tf.build_ms_cnn(backbone, fusion)
        >>> ms_cnn.output_shape
        (None, 256)
    """
    image = keras.Input(backbone.input_shape[1:], name="image")
    return keras.Model(image, fusion(backbone(image)), name="ms_cnn")
