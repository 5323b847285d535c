import keras
import numpy as np
import pytest

from mmannot_tf.models.backbone import build_backbone, map_shapes
from mmannot_tf.models.fusion import build_fusion

SIZE = 64


@pytest.fixture
def tiny_branches():
    """A tiny backbone of 64 pixels and its fusion, to 256 features."""
    keras.utils.set_random_seed(0)
    backbone = build_backbone("tiny", image_size=SIZE, momentum=0.9, epsilon=1e-3)
    return {"backbone": backbone, "fusion": build_fusion(map_shapes(backbone), momentum=0.9, epsilon=1e-3)}


@pytest.fixture
def tiny_images():
    """Three normalised images."""
    return np.random.default_rng(0).uniform(-1, 1, (3, SIZE, SIZE, 3)).astype(np.float32)
