"""Random data of a few images for the compared systems."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from mmannot_tf.baselines.method import MethodData, Sizes
from mmannot_tf.data.tag_lists import padded


@pytest.fixture
def sizes():
    return Sizes(features=(8,), labels=5, tags=7)


@pytest.fixture
def data():
    """Splits by name: 24 training images, 6 of each other split; every image has a label."""

    def split(name):
        count = 24 if name == "train" else 6
        rng = np.random.default_rng(["train", "validation", "test"].index(name))
        labels = (rng.random((count, 5)) < 0.4).astype(np.uint8)
        labels[np.arange(count), rng.integers(5, size=count)] = 1
        tags = padded(np.flatnonzero(row) for row in rng.random((count, 7)) < 0.3)
        return MethodData(rng.normal(size=(count, 8)).astype(np.float32), tags, labels, vocabulary=7)

    return {name: split(name) for name in ("train", "validation", "test")}.__getitem__


@pytest.fixture
def batch_of(data):
    """A split as one batch of (features, targets), as a linear head's method prepares it."""

    def batch(method, settings, split="train"):
        examples = method.prepare(data, split, settings)
        return examples.inputs["features"], {"labels": tf.constant(examples.targets["labels"])}

    return batch


@pytest.fixture(autouse=True)
def _seeded():
    """Initial weights are the same in every test."""
    keras.utils.set_random_seed(0)
