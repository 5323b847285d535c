import numpy as np
import pytest
from hypothesis import settings

from mmannot_tf.evaluation.predictions import Predictions

settings.register_profile("no deadline", deadline=None)  # timings on shared cores say nothing
settings.load_profile("no deadline")


@pytest.fixture
def predictions():
    """Two images, three labels; every scorer and regressor known by hand."""
    return Predictions(
        split="test",
        digest="abc",
        ids=("first", "é second"),
        labels=np.array([[1, 1, 0], [0, 0, 1]], bool),
        label_names=("sky", "sea", "owl"),
        probabilities={
            "cnn": np.array([[0.9, 0.2, 0.6], [0.7, 0.1, 0.3]], np.float32),
            "ms_cnn": np.array([[0.9, 0.6, 0.1], [0.8, 0.2, 0.7]], np.float32),
            "classifier": np.array([[0.9, 0.8, 0.1], [0.2, 0.1, 0.7]], np.float32),
        },
        quantity={
            "quantity_visual": np.array([1.4, 2.6], np.float32),
            "quantity": np.array([2.25, 0.0], np.float32),
        },
    )
