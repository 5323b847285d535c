import numpy as np
import pytest

from mmannot_tf.models.backbone import build_backbone
from mmannot_tf.weights.assignment import assign, named_variables
from tfrecords_tools.shell.errors import UserError


@pytest.fixture(scope="module")
def backbone():
    return build_backbone("tiny", image_size=32, momentum=0.9, epsilon=1e-3)


@pytest.fixture
def tensors(backbone):
    rng = np.random.default_rng(0)
    return {name: rng.normal(size=v.shape).astype("f4") for name, v in named_variables(backbone).items()}


def _refused(backbone, tensors):
    before = [value.copy() for value in backbone.get_weights()]
    with pytest.raises(UserError) as caught:
        assign(backbone, tensors, source="some.h5")
    assert all(np.array_equal(a, b) for a, b in zip(before, backbone.get_weights(), strict=True))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_every_variable_takes_the_tensor_of_its_name(backbone, tensors):
    assign(backbone, tensors, source="some.h5")
    for layer in backbone.layers:
        for variable in layer.variables:
            np.testing.assert_array_equal(variable.numpy(), tensors[f"{layer.name}/{variable.name}"])


def test_an_imagenet_head_is_left_aside(backbone, tensors):
    assign(backbone, {**tensors, "predictions/kernel": np.zeros((256, 1000))}, source="some.h5")
    np.testing.assert_array_equal(backbone.get_layer("conv1_bn").gamma, tensors["conv1_bn/gamma"])


def test_missing_tensors_are_named(backbone, tensors):
    del tensors["conv1_bn/gamma"]
    assert _refused(backbone, tensors).endswith("Received: some.h5; missing: conv1_bn/gamma.")


def test_unused_tensors_are_named(backbone, tensors):
    assert "unused: conv6/kernel." in _refused(backbone, {**tensors, "conv6/kernel": np.zeros(1)})


def test_tensors_of_another_shape_are_named_with_both(backbone, tensors):
    tensors["conv1_bn/gamma"] = np.zeros(9)
    assert "of another shape: conv1_bn/gamma [9] for [8]." in _refused(backbone, tensors)


def test_many_are_counted(backbone):
    total = len(backbone.variables)
    assert f" and {total - 3} more" in _refused(backbone, {})
