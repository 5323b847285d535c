"""A batch of made images on which engines are compared."""

import numpy as np

from mmannot_tf.data.tag_lists import padded
from mmannot_tf.serving.model import Model
from mmannot_tf.serving.network import NetworkInputs

IMAGES = 8


def probe_batch(model: Model) -> tuple[NetworkInputs, list[str]]:
    """Makes images of coarse colours with noise, and 0 to 7 tags for each; the same ones every time.

    Returns:
        The network's inputs, and the images' tags as comma-separated text.
    """
    rng, size = np.random.default_rng(0), model.image_size
    coarse = rng.integers(0, 256, (IMAGES, 5, 5, 3)).repeat(-(-size // 5), 1).repeat(-(-size // 5), 2)
    noisy = coarse[:, :size, :size] + rng.normal(0, 20, (IMAGES, size, size, 3))
    pixels = np.clip(np.round(noisy), 0, 255).astype(np.float32)
    known = len(model.tags)
    tags = [rng.choice(known, min(count, known), replace=False).tolist() for count in range(IMAGES)]
    texts = [", ".join(model.tags[index] for index in row) for row in tags]
    return NetworkInputs(pixels, padded(tags)), texts
