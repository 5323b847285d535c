"""What a stage does not train stays as it is, bit for bit (reading 7)."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from mmannot_tf.losses.sigmoid_cross_entropy import SigmoidCrossEntropy
from mmannot_tf.models.classifier import build_classifier

STATISTICS = ("moving_mean", "moving_variance")


def _train_two_steps(branches, images):
    image = keras.Input(images.shape[1:])
    probe = build_classifier(256, 5, name="probe")
    model = keras.Model(image, probe(branches["fusion"](branches["backbone"](image))))
    targets = np.eye(5, dtype=np.float32)[: len(images)]
    optimizer = keras.optimizers.SGD(0.01, momentum=0.9)
    for _ in range(2):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(SigmoidCrossEntropy().call(targets, model(images, training=True)))
        variables = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))


def _values(model):
    return {variable.path: variable.numpy().copy() for variable in model.variables}


@pytest.mark.slow
@pytest.mark.parametrize(("frozen", "trained"), [("backbone", "fusion"), ("fusion", "backbone")])
def test_a_frozen_branch_does_not_move_and_the_other_does(tiny_branches, tiny_images, frozen, trained):
    tiny_branches[frozen].trainable = False
    before = {name: _values(tiny_branches[name]) for name in (frozen, trained)}
    _train_two_steps(tiny_branches, tiny_images)
    for path, value in _values(tiny_branches[frozen]).items():
        assert value.tobytes() == before[frozen][path].tobytes(), path
    moved = {
        path
        for path, value in _values(tiny_branches[trained]).items()
        if value.tobytes() != before[trained][path].tobytes()
    }
    assert {path for path in before[trained] if path.endswith(("kernel", "gamma", *STATISTICS))} <= moved


def test_a_frozen_backbone_runs_on_its_moving_statistics(tiny_branches, tiny_images):
    tiny_branches["backbone"].trainable = False
    training = tiny_branches["backbone"](tiny_images, training=True)
    inference = tiny_branches["backbone"](tiny_images, training=False)
    assert all(np.array_equal(a, b) for a, b in zip(training, inference, strict=True))
