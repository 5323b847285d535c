import keras
import numpy as np
import pytest

from mmannot_tf.models.backbone import build_backbone, map_shapes
from mmannot_tf.models.classifier import build_classifier
from mmannot_tf.models.fusion import build_fusion
from mmannot_tf.models.quantity_regressor import build_quantity_regressor
from mmannot_tf.models.tag_encoder import build_tag_encoder

LABELS, TAGS, SIZE = 5, 7, 64


@pytest.fixture
def tiny_branches():
    """The five branches of a tiny annotator: 5 labels, 7 tags, 64 pixels, joint feature of 256 + 6."""
    keras.utils.set_random_seed(0)
    backbone = build_backbone("tiny", image_size=SIZE, momentum=0.9, epsilon=1e-3)
    return {
        "backbone": backbone,
        "fusion": build_fusion(map_shapes(backbone), momentum=0.9, epsilon=1e-3),
        "tag_encoder": build_tag_encoder(TAGS, hidden=(8, 6)),
        "classifier": build_classifier(256 + 6, LABELS, name="classifier"),
        "quantity": build_quantity_regressor(256 + 6, hidden=(8, 4), bias=2.0, name="quantity"),
    }


@pytest.fixture
def tiny_inputs():
    """Three normalised images and their lists of tags, the last without a tag."""
    images = np.random.default_rng(0).uniform(-1, 1, (3, SIZE, SIZE, 3)).astype(np.float32)
    return {"image": images, "tags": np.array([[0, 2, 3, 6], [1, 4, -1, -1], [-1, -1, -1, -1]], np.int32)}
