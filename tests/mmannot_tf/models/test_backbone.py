import keras
import numpy as np
import pytest
from tiers import exhaustive

from mmannot_tf.models.architectures import Architecture
from mmannot_tf.models.backbone import Backbone, build_backbone, map_shapes
from mmannot_tf.models.fusion import build_fusion
from mmannot_tf.models.geometry import Geometry

# Published by keras.applications (model summaries without top), checked against its code below.
PARAMETERS = {"resnet50": 23_587_712, "resnet101": 42_658_176, "resnet152": 58_370_944}
LAST_UNITS = {"resnet50": (3, 4, 6, 3), "resnet101": (3, 4, 23, 3), "resnet152": (3, 8, 36, 3)}
REFERENCES = {
    "resnet50": keras.applications.ResNet50,
    "resnet101": keras.applications.ResNet101,
    "resnet152": keras.applications.ResNet152,
}


TWO_UNITS = Architecture(blocks=(2, 2, 2, 2), width=4)
"""The smallest network that has a tap and a stride in every geometry."""


def _build(architecture, image_size, **options):
    return build_backbone(
        architecture, **{"image_size": image_size, "momentum": 0.9997, "epsilon": 1e-3, **options}
    )


def _reference(architecture, image_size):
    return REFERENCES[architecture](include_top=False, weights=None, input_shape=(image_size, image_size, 3))


@pytest.mark.slow
def test_the_papers_five_maps():
    # Sec. III-A: 112, 56, 28, 14 and 7 along with 64, 256, 512, 1024 and 2048 channels.
    assert map_shapes(_build("resnet101", 224)) == [
        (112, 112, 64),
        (56, 56, 256),
        (28, 28, 512),
        (14, 14, 1024),
        (7, 7, 2048),
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    "architecture",
    ["resnet50", *(pytest.param(name, marks=pytest.mark.exhaustive) for name in ("resnet101", "resnet152"))],
)
def test_structure_is_that_of_keras_applications_and_taps_are_last_relus(architecture):
    ours, theirs = _build(architecture, 64), _reference(architecture, 64)
    assert [(type(a), a.name) for a in ours.layers[1:]] == [(type(b), b.name) for b in theirs.layers[1:]]
    assert [(v.path, v.shape) for v in ours.variables] == [(v.path, v.shape) for v in theirs.variables]
    assert ours.count_params() == PARAMETERS[architecture]
    last = (f"conv{group}_block{n}_out" for group, n in enumerate(LAST_UNITS[architecture], start=2))
    for tap, name in zip(ours.outputs, ["conv1_relu", *last], strict=True):
        assert tap is ours.get_layer(name).output


@pytest.mark.slow
def test_all_taps_equal_keras_applications_with_the_same_weights():
    theirs = _reference("resnet50", 96)
    rng = np.random.default_rng(0)
    for variable in theirs.variables:
        if variable.name != "kernel":
            low = 0.5 if variable.name in ("gamma", "moving_variance") else -0.2
            variable.assign(rng.uniform(low, low + 0.4, variable.shape))
    ours = _build("resnet50", 96, epsilon=1.001e-5)
    ours.set_weights(theirs.get_weights())
    names = ["conv1_relu", "conv2_block3_out", "conv3_block4_out", "conv4_block6_out", "conv5_block3_out"]
    reference = keras.Model(theirs.input, [theirs.get_layer(name).output for name in names])
    image = rng.uniform(-100, 100, (1, 96, 96, 3)).astype(np.float32)
    for tap, expected in zip(ours(image), reference(image), strict=True):
        np.testing.assert_allclose(tap, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


def test_tiny_has_the_same_five_taps():
    assert map_shapes(_build("tiny", 64)) == [
        (64 // 2, 64 // 2, 8),
        (64 // 4, 64 // 4, 4 * 8),
        (64 // 8, 64 // 8, 4 * 16),
        (64 // 16, 64 // 16, 4 * 32),
        (64 // 32, 64 // 32, 4 * 64),
    ]


def test_sides_are_rounded_up():
    assert [shape[0] for shape in map_shapes(_build("tiny", 75))] == [38, 19, 10, 5, 3]


def test_momentum_and_epsilon_reach_every_batch_norm():
    backbone = _build("tiny", 32, momentum=0.75, epsilon=0.25)
    norms = [layer for layer in backbone.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert len(norms) == 1 + 4 * (3 + 1)  # the stem; three and the shortcut in each group's unit
    assert {(layer.momentum, layer.epsilon) for layer in norms} == {(0.75, 0.25)}


STRIDED = {
    "first_1x1": {f"conv{g}_block1_{i}_conv" for g in (3, 4, 5) for i in (0, 1)},
    "first_3x3": {f"conv{g}_block1_{i}_conv" for g in (3, 4, 5) for i in (0, 2)},
    "last_3x3": {f"conv{g}_block2_2_conv" for g in (2, 3, 4)},
}


@pytest.mark.slow
@pytest.mark.parametrize("stride", STRIDED)
def test_stride_stands_where_the_geometry_says(stride):
    strided = {
        layer.name
        for layer in _build(TWO_UNITS, 32, geometry=Geometry(stride)).layers
        if isinstance(layer, keras.layers.Conv2D) and layer.strides == (2, 2)
    }
    assert strided == {"conv1_conv"} | STRIDED[stride]


@pytest.mark.slow
@pytest.mark.parametrize("size", [75, *exhaustive([64])])
@pytest.mark.parametrize("padding", ["symmetric", "same"])
@pytest.mark.parametrize("stride", STRIDED)
def test_every_geometry_has_the_papers_sizes_and_the_same_weights(stride, padding, size):
    geometry = Geometry(stride, stem=padding, pool=padding, strided=padding)
    ours, default = _build(TWO_UNITS, size, geometry=geometry), _build(TWO_UNITS, size)
    assert map_shapes(ours) == map_shapes(default)
    assert [(v.path, v.shape) for v in ours.variables] == [(v.path, v.shape) for v in default.variables]


def test_taps_stand_before_a_stride_in_the_last_unit():
    backbone = _build(TWO_UNITS, 64, geometry=Geometry("last_3x3"))
    names = ["conv1_relu", *(f"conv{group}_block1_out" for group in (2, 3, 4)), "conv5_block2_out"]
    for tap, name in zip(backbone.outputs, names, strict=True):
        assert tap is backbone.get_layer(name).output


def test_one_unit_a_group_cannot_have_the_stride_in_its_last():
    with pytest.raises(ValueError, match=r"needs two units a group.*Received: architecture=Architecture"):
        _build("tiny", 32, geometry=Geometry("last_3x3"))


def test_an_unknown_architecture_is_refused():
    with pytest.raises(ValueError, match=r"The backbone must be one of .* Received: 'vgg'"):
        _build("vgg", 32)


@pytest.mark.slow
def test_another_network_with_its_taps_fits():
    def mobile_net(image, norm):
        del norm  # keras.applications chooses its own
        return keras.applications.MobileNetV2(
            input_tensor=image, alpha=0.35, include_top=False, weights=None
        ).output

    taps = (
        "block_1_expand_relu",
        "block_3_expand_relu",
        "block_6_expand_relu",
        "block_13_expand_relu",
        "out_relu",
    )
    backbone = _build(Backbone(mobile_net, taps), 96)
    assert [shape[:2] for shape in map_shapes(backbone)] == [(48, 48), (24, 24), (12, 12), (6, 6), (3, 3)]
    assert backbone.name == "backbone"
    feature = build_fusion(map_shapes(backbone))(backbone(np.zeros((1, 96, 96, 3), np.float32)))
    assert feature.shape == (1, 1280)


def test_a_tap_without_a_layer_is_refused():
    def one_layer(image, norm):
        return norm.layer("bn")(image)

    with pytest.raises(ValueError, match="No such layer: missing"):
        _build(Backbone(one_layer, taps=("missing",)), 32)
