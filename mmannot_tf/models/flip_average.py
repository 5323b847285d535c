"""The mean of features over an image and its mirror image."""

from collections.abc import Callable
from typing import Any

import keras


def flip_averaged(features: Callable[[Any], Any], images: Any) -> Any:
    """The mean of features over images and their mirror images.

    Krizhevsky et al. (2012, Sec. 4.1) average the predictions for such views. Here the features are averaged,
    so that the heads run once and can be trained on what they read later.

    Args:
        features: images `[B, H, W, C]` to a tensor `[B, D]`, or to several by name.
        images: a tensor, or a symbolic one of Keras.

    Returns:
        What `features` returns, averaged.

    Example:
        >>> images = np.array([[[[1.0], [3.0], [8.0]]]], "float32")
        >>> flip_averaged(lambda images: images[:, 0, :2, 0], keras.ops.array(images)).numpy()
        array([[4.5, 3. ]], dtype=float32)
    """
    mirrored = keras.ops.flip(images, axis=2)
    return keras.tree.map_structure(
        lambda one, other: (one + other) / 2, features(images), features(mirrored)
    )
