"""The networks of keras.applications that can be a backbone, as data. The paper's ResNets: `architectures`.

A network is one line: its function, its taps and what its ImageNet weights expect. The taps are the maps
before each layer of stride 2, as feature pyramids take them, so the fusion blocks' strides are 2. Imports no
TensorFlow.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from mmannot_tf.models.architectures import ARCHITECTURES
from mmannot_tf.models.preprocessing import CAFFE, CENTRED, PIXELS, TORCH, Preprocessing

INPUT, OUTPUT = "/input", "/output"
"""In a tap, after the name of a layer: what goes into it; without a name: what the network returns. No Keras
layer has a slash in its name."""
KERAS_FILE, HUB = ".keras", "hub:"
"""How the name of a file with a network of one's own ends, and how that of a preset of KerasHub begins."""
RESNET_SCALES = 5
VECTORS = "vectors"
"""What stands for a backbone where records have vectors of somebody's own network in place of images."""


@dataclass(frozen=True)
class Network:
    """A network of keras.applications.

    Attributes:
        function: of keras.applications, which builds it and downloads its weights.
        taps: where its maps are, finest first: names of layers whose outputs they are, or as `INPUT` and
            `OUTPUT` say. One tap means one scale, which has no fusion blocks.
        preprocessing: of the pixels that its ImageNet weights expect.
    """

    function: str
    taps: tuple[str, ...]
    preprocessing: Preprocessing


_HALVED = Preprocessing("RGB", (128.0, 128.0, 128.0), (1 / 128, 1 / 128, 1 / 128))
"""EfficientNetV2-S to -L."""


def _convnext(size: str) -> Network:
    blocks = [f"convnext_{size.lower()}_downsampling_block_{number}{INPUT}" for number in range(3)]
    return Network(f"ConvNeXt{size}", (*blocks, OUTPUT), TORCH)


def _densenet(layers: int) -> Network:
    pools = [f"pool{number}_relu" for number in (2, 3, 4)]
    return Network(f"DenseNet{layers}", ("conv1_relu", *pools, OUTPUT), TORCH)


def _efficientnet(size: str) -> Network:
    blocks = [f"block{number}a_expand_activation" for number in (2, 3, 4, 6)]
    return Network(f"EfficientNet{size}", (*blocks, OUTPUT), PIXELS)  # it scales and centres them itself


def _efficientnet_v2(size: str, preprocessing: Preprocessing) -> Network:
    fused = [f"block{number}a_expand_conv{INPUT}" for number in (2, 3)]
    blocks = [f"block{number}a_expand_activation" for number in (4, 6)]
    return Network(f"EfficientNetV2{size}", (*fused, *blocks, OUTPUT), preprocessing)


def _mobilenet_v3(size: str, strided: tuple[str, ...]) -> Network:
    pads = [f"expanded_conv{number}_depthwise_pad{INPUT}" for number in strided]
    return Network(f"MobileNetV3{size}", (*pads, OUTPUT), CENTRED)


def _resnet_v2(layers: int, last: tuple[int, int, int]) -> Network:
    units = [f"conv{group}_block{unit}_preact_relu" for group, unit in enumerate(last, start=2)]
    return Network(f"ResNet{layers}V2", ("conv1_conv", *units, OUTPUT), CENTRED)


def _vgg(layers: int, last: int) -> Network:
    blocks = ("block2_conv2", *(f"block{number}_conv{last}" for number in (3, 4, 5)))
    return Network(f"VGG{layers}", (*blocks, OUTPUT), CAFFE)


NETWORKS: Mapping[str, Network] = {
    "convnext_tiny": _convnext("Tiny"),
    "convnext_small": _convnext("Small"),
    "convnext_base": _convnext("Base"),
    "convnext_large": _convnext("Large"),
    "convnext_xlarge": _convnext("XLarge"),
    "densenet121": _densenet(121),
    "densenet169": _densenet(169),
    "densenet201": _densenet(201),
    "efficientnet_b0": _efficientnet("B0"),
    "efficientnet_b1": _efficientnet("B1"),
    "efficientnet_b2": _efficientnet("B2"),
    "efficientnet_b3": _efficientnet("B3"),
    "efficientnet_b4": _efficientnet("B4"),
    "efficientnet_b5": _efficientnet("B5"),
    "efficientnet_b6": _efficientnet("B6"),
    "efficientnet_b7": _efficientnet("B7"),
    "efficientnet_v2_b0": _efficientnet_v2("B0", TORCH),
    "efficientnet_v2_b1": _efficientnet_v2("B1", TORCH),
    "efficientnet_v2_b2": _efficientnet_v2("B2", TORCH),
    "efficientnet_v2_b3": _efficientnet_v2("B3", TORCH),
    "efficientnet_v2_s": _efficientnet_v2("S", _HALVED),
    "efficientnet_v2_m": _efficientnet_v2("M", _HALVED),
    "efficientnet_v2_l": _efficientnet_v2("L", _HALVED),
    "inception_resnet_v2": Network("InceptionResNetV2", (OUTPUT,), CENTRED),
    "inception_v3": Network("InceptionV3", (OUTPUT,), CENTRED),
    "mobilenet": Network(
        "MobileNet",
        ("conv_pw_1_relu", "conv_pw_3_relu", "conv_pw_5_relu", "conv_pw_11_relu", OUTPUT),
        CENTRED,
    ),
    "mobilenet_v2": Network(
        "MobileNetV2",
        ("block_1_expand_relu", "block_3_expand_relu", "block_6_expand_relu", "block_13_expand_relu", OUTPUT),
        CENTRED,
    ),
    "mobilenet_v3_large": _mobilenet_v3("Large", ("_1", "_3", "_6", "_12")),
    "mobilenet_v3_small": _mobilenet_v3("Small", ("", "_1", "_3", "_8")),
    "nasnet_large": Network("NASNetLarge", (OUTPUT,), CENTRED),
    "nasnet_mobile": Network("NASNetMobile", (OUTPUT,), CENTRED),
    "resnet50_v2": _resnet_v2(50, (3, 4, 6)),
    "resnet101_v2": _resnet_v2(101, (3, 4, 23)),
    "resnet152_v2": _resnet_v2(152, (3, 8, 36)),
    "vgg16": _vgg(16, 3),
    "vgg19": _vgg(19, 4),
    "xception": Network(
        "Xception",
        (
            "block2_sepconv2_act",
            "block3_sepconv2_act",
            "block4_sepconv2_act",
            "block13_sepconv2_act",
            OUTPUT,
        ),
        CENTRED,
    ),
}
"""By the names that `model.backbone` takes. Inception and NASNet have borders without padding, so no stride
leads from one map's size to the next one's: they have one scale."""


def backbone_names() -> tuple[str, ...]:
    """The names of all known backbones."""
    return (*ARCHITECTURES, *NETWORKS, VECTORS)


def is_own(name: str) -> bool:
    """Whether a name is that of a file or of a preset, whose taps and preprocessing the user states."""
    return name.endswith(KERAS_FILE) or name.startswith(HUB)


def scales(name: str) -> int:
    """How many maps a known backbone has."""
    if name == VECTORS:
        return 1
    return RESNET_SCALES if name in ARCHITECTURES else len(NETWORKS[name].taps)
