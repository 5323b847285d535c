"""The networks of keras.applications, and files of one's own, as backbones."""

import importlib
import sys

import keras
import numpy as np
import pytest
from tiers import exhaustive

from mmannot_tf.layers.batch_norm import BatchNorm
from mmannot_tf.layers.image_normalization import ImageNormalization
from mmannot_tf.models.architectures import ARCHITECTURES
from mmannot_tf.models.backbone import build_backbone, map_shapes, own_backbone
from mmannot_tf.models.copied_network import build_application, copy_weights, load_network, stable_names
from mmannot_tf.models.fusion import build_fusion
from mmannot_tf.models.networks import NETWORKS, OUTPUT, backbone_names, scales
from tfrecords_tools.shell.errors import UserError

SIZE = 96
SMALL = "mobilenet_v3_small"
HUGE = {"convnext_large", "convnext_xlarge", "efficientnet_b7", "efficientnet_v2_l", "nasnet_large"}
"""More than 60 million weights, and the same lines as their sisters."""
OTHERS = sorted(NETWORKS.keys() - {SMALL} - HUGE)


def with_drawn_weights(network):
    """Other values than initial ones: batch-norm statistics too, all of them positive."""
    draw = np.random.default_rng(0)
    network.set_weights(
        [
            draw.uniform(0.5, 1.5, value.shape)
            if value.ndim < 2
            else value + draw.normal(0, 0.01, value.shape)
            for value in network.get_weights()
        ]
    )
    return network


@pytest.mark.parametrize("name", [SMALL, *exhaustive(OTHERS)])
def test_the_deepest_map_is_what_keras_own_network_returns(name):
    network = with_drawn_weights(build_application(NETWORKS[name], SIZE))
    backbone = build_backbone(name, image_size=SIZE, epsilon=None)
    copy_weights(network, backbone)
    images = np.random.default_rng(1).normal(0, 1, (2, SIZE, SIZE, 3)).astype(np.float32)
    maps = backbone(images)
    deepest = maps[-1] if scales(name) > 1 else maps
    np.testing.assert_array_equal(deepest, network(images))


@pytest.mark.parametrize("name", [SMALL, *exhaustive(OTHERS)])
def test_each_map_has_half_the_side_of_the_one_before_and_can_be_fused(name):
    shapes = map_shapes(build_backbone(name, image_size=224, epsilon=None))
    assert len(shapes) == scales(name)
    if len(shapes) > 1:
        assert 3 <= len(shapes) <= 5
        sides = [height for height, _, _ in shapes]
        assert sides[-1] == 7
        assert sides == [(side + 1) // 2 for side in (2 * sides[0], *sides[:-1])]
        assert build_fusion(shapes).output_shape == (None, shapes[-1][-1])


def test_names_of_layers_do_not_depend_on_what_was_built_before():
    def names():
        backbone = build_backbone(SMALL, image_size=SIZE, epsilon=None)
        return [layer.name for layer in backbone.layers if layer.weights]

    first = names()
    keras.layers.Conv2D(1, 1)
    assert names() == first


def test_batch_norm_is_as_configured_and_keeps_the_networks_epsilon():
    network = build_application(NETWORKS[SMALL], SIZE)
    (epsilon,) = {layer.epsilon for layer in _batch_norms(network)}
    kept = build_backbone(SMALL, image_size=SIZE, momentum=0.5, epsilon=None)
    assert {(layer.momentum, layer.epsilon) for layer in _batch_norms(kept)} == {(0.5, epsilon)}
    other = build_backbone(SMALL, image_size=SIZE, epsilon=0.125)
    assert {layer.epsilon for layer in _batch_norms(other)} == {0.125}


def _batch_norms(model):
    return [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]


OWN_LAYERS = ("convnext_tiny", "efficientnet_v2_b0", "efficientnet_v2_s", SMALL)
MODULES = {
    "densenet121": "densenet",
    "inception_v3": "inception_v3",
    "mobilenet": "mobilenet",
    "mobilenet_v2": "mobilenet_v2",
    "nasnet_mobile": "nasnet",
    "resnet50_v2": "resnet_v2",
    "vgg16": "vgg16",
    "xception": "xception",
}
PIXELS = np.random.default_rng(2).integers(0, 256, (2, SIZE, SIZE, 3)).astype(np.float32)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", OWN_LAYERS)
def test_preprocessing_is_that_of_the_layers_that_keras_own_network_has(name):
    network = NETWORKS[name]
    whole = getattr(keras.applications, network.function)(
        weights=None, include_top=False, input_shape=(SIZE, SIZE, 3)
    )
    bare = build_application(network, SIZE)
    weights = iter(bare.weights)
    for weight in whole.weights:
        if not weight.path.startswith(("normalization", "rescaling", f"{name}_prestem")):
            next(weights).assign(weight)
    np.testing.assert_allclose(bare(_preprocessed(network)), whole(PIXELS), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", MODULES)
def test_preprocessing_is_that_of_keras_own_function(name):
    module = importlib.import_module(f"keras.applications.{MODULES[name]}")
    expected = module.preprocess_input(PIXELS.copy())
    np.testing.assert_allclose(_preprocessed(NETWORKS[name]), expected, rtol=1e-4, atol=1e-4)


def _preprocessed(network):
    preprocessing = network.preprocessing
    return ImageNormalization(
        mean=preprocessing.mean, scale=preprocessing.scale, channel_order=preprocessing.channel_order
    )(PIXELS)


def test_an_unknown_backbone_is_refused_with_the_names_that_there_are():
    assert len(backbone_names()) == len({*backbone_names()}) == len(NETWORKS) + len(ARCHITECTURES) + 1
    with pytest.raises(ValueError, match="mobilenet_v3_small"):
        build_backbone("resnet34", image_size=SIZE)


@pytest.fixture
def own_file(tmp_path):
    image = keras.Input((SIZE, SIZE, 3))
    x = keras.layers.Conv2D(4, 3, strides=2, padding="same")(image)
    fine = keras.layers.ReLU(name="fine")(keras.layers.BatchNormalization(epsilon=0.5)(x))
    x = keras.layers.Conv2D(8, 3, strides=2, padding="same", name="second")(fine)
    x = x + keras.layers.Conv2D(8, 3, padding="same")(x)
    deep = keras.layers.Conv2D(8, 3, strides=2, padding="same", name="third")(x)
    top = keras.layers.Dense(10)(keras.layers.GlobalAveragePooling2D()(deep))
    network = with_drawn_weights(keras.Model(image, [top]))
    network.save(tmp_path / "own.keras")
    return tmp_path / "own.keras"


def test_a_file_is_tapped_at_outputs_and_inputs_of_its_layers(own_file):
    backbone = build_backbone(
        own_backbone(str(own_file), ("fine", "third/input", "third")), image_size=SIZE, epsilon=None
    )
    assert map_shapes(backbone) == [(48, 48, 4), (24, 24, 8), (12, 12, 8)]
    network = keras.saving.load_model(own_file)
    copy_weights(network, backbone)
    fine, deep = (network.get_layer(name).output for name in ("fine", "third"))
    expected = keras.Model(network.input, [fine, network.get_layer("third").input, deep])(PIXELS)
    for ours, theirs in zip(backbone(PIXELS), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)
    assert "dense" not in " ".join(layer.name for layer in backbone.layers)


def test_a_sequential_file_is_a_backbone_too(tmp_path):
    layers = [keras.layers.Conv2D(4, 3, strides=2, padding="same", name=name) for name in ("a", "b", "c")]
    keras.Sequential([keras.Input((SIZE, SIZE, 3)), *layers]).save(tmp_path / "row.keras")
    backbone = own_backbone(str(tmp_path / "row.keras"), ("a", "c/input", OUTPUT))
    assert map_shapes(build_backbone(backbone, image_size=SIZE)) == [(48, 48, 4), (24, 24, 4), (12, 12, 4)]


@pytest.fixture(scope="module")
def presets(tmp_path_factory):
    """A ResNet and a ViT of KerasHub with random weights, as folders."""
    hub = pytest.importorskip("keras_hub", reason="needs KerasHub: the extra hub")
    folder = tmp_path_factory.mktemp("presets")
    hub.models.ResNetBackbone(
        input_conv_filters=[64],
        input_conv_kernel_sizes=[7],
        stackwise_num_filters=[64, 64, 64, 64],
        stackwise_num_blocks=[1, 1, 1, 1],
        stackwise_num_strides=[1, 2, 2, 2],
        block_type="basic_block",
        image_shape=(SIZE, SIZE, 3),
    ).save_to_preset(folder / "resnet")
    hub.models.ViTBackbone(
        image_shape=(SIZE, SIZE, 3), patch_size=16, num_layers=1, num_heads=2, hidden_dim=8, mlp_dim=16
    ).save_to_preset(folder / "vit")
    return folder


@pytest.mark.exhaustive
def test_a_preset_of_keras_hub_has_the_maps_of_its_feature_pyramid(presets):
    import keras_hub

    name = f"hub:{presets / 'resnet'}"
    backbone = build_backbone(own_backbone(name), image_size=SIZE, epsilon=None)
    copy_weights(load_network(name), backbone)
    preset = keras_hub.models.Backbone.from_preset(str(presets / "resnet"))
    pyramid = keras.Model(preset.input, [preset.pyramid_outputs[level] for level in ("P2", "P3", "P4", "P5")])
    for ours, theirs in zip(backbone(PIXELS), pyramid(PIXELS), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.exhaustive
def test_a_vision_transformer_has_one_scale_of_its_tokens(presets):
    import keras_hub

    name = f"hub:{presets / 'vit'}"
    backbone = build_backbone(own_backbone(name), image_size=SIZE, epsilon=None)
    copy_weights(load_network(name), backbone)
    assert map_shapes(backbone) == [(37, 1, 8)]
    preset = keras_hub.models.Backbone.from_preset(str(presets / "vit"))
    np.testing.assert_array_equal(np.squeeze(backbone(PIXELS), 2), preset(PIXELS))
    with pytest.raises(ValueError, match="alone"):
        build_backbone(own_backbone(name), image_size=64, epsilon=None)


@pytest.mark.exhaustive
def test_a_preset_that_is_not_there_is_refused(presets):
    with pytest.raises(UserError, match="hub:nothing_there"):
        own_backbone("hub:nothing_there")


def test_without_keras_hub_the_command_that_installs_it_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras_hub", None)
    with pytest.raises(UserError, match="pip install 'keras-hub"):
        own_backbone("hub:resnet_50_imagenet")


def test_names_that_a_file_lacks_and_files_that_are_no_model_are_refused(own_file, tmp_path):
    with pytest.raises(ValueError, match="Received: finest"):
        build_backbone(own_backbone(str(own_file), ("finest", OUTPUT)), image_size=SIZE)
    (tmp_path / "no.keras").write_bytes(b"no model")
    with pytest.raises(UserError, match=r"no\.keras"):
        build_backbone(own_backbone(str(tmp_path / "no.keras"), (OUTPUT,)), image_size=SIZE)


def test_a_file_with_code_is_refused(tmp_path):
    image = keras.Input((SIZE, SIZE, 3))
    keras.Model(image, keras.layers.Lambda(lambda pixels: pixels * 2)(image)).save(tmp_path / "code.keras")
    with pytest.raises(UserError, match=r"code\.keras"):
        build_backbone(own_backbone(str(tmp_path / "code.keras"), (OUTPUT,)), image_size=SIZE)


def test_stable_names_count_only_what_keras_named():
    image = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(2, 1, name="conv2d_given")(keras.layers.Conv2D(2, 1)(image))
    names = stable_names(keras.Model(image, keras.layers.Conv2D(2, 1)(x)))
    assert [*names.values()][1:] == ["conv2d_1", "conv2d_given", "conv2d_2"]


def test_a_copied_layers_config_keeps_what_batch_norm_does_not_say():
    config = keras.layers.BatchNormalization(center=False, epsilon=0.25, name="bn").get_config()
    configured = BatchNorm(momentum=0.5, epsilon=None).configured(config)
    assert {**config, "momentum": 0.5, "synchronized": False} == configured
