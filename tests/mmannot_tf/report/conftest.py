import numpy as np
import pytest

from mmannot_tf.evaluation.predictions import Predictions


@pytest.fixture
def predictions():
    """Two images, three labels, three scorers; `tests/mmannot_tf/evaluation` works its rows out by hand."""
    return Predictions(
        split="test",
        digest="abc",
        ids=("first", "second"),
        labels=np.array([[1, 1, 0], [0, 0, 1]], bool),
        label_names=("sky", "sea", "owl"),
        probabilities={
            "cnn": np.array([[0.9, 0.2, 0.6], [0.7, 0.1, 0.3]], np.float32),
            "ms_cnn": np.array([[0.9, 0.6, 0.1], [0.8, 0.2, 0.7]], np.float32),
            "classifier": np.array([[0.9, 0.8, 0.1], [0.2, 0.1, 0.7]], np.float32),
        },
        quantity={"quantity_visual": np.array([1.4, 2.6], np.float32)},
    )
