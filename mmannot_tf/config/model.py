"""The settings of the network, the section `model` of the TOML file."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from mmannot_tf.config.section import Dropout, Epsilon, Positive, Rate, Section
from mmannot_tf.models.networks import HUB, KERAS_FILE, VECTORS, backbone_names, is_own, scales


def _known_backbone(name: str) -> str:
    if name not in backbone_names() and not is_own(name):
        raise ValueError(
            f"model.backbone must be a file {KERAS_FILE}, a preset {HUB}NAME, or one of "
            f"{', '.join(backbone_names())}. Received: {name}"
        )
    return name


class ModelSettings(Section):
    """The network.

    Attributes:
        backbone: which network (Sec. III-A: ResNet-101; `tiny` is a ResNet of ours, for small machines): a
            ResNet, another one of keras.applications, the path of a Keras model, FILE.keras, a preset of
            KerasHub, hub:NAME, or "vectors" for records of vectors (docs/beyond.md).
        taps: of FILE.keras or hub:NAME, where its maps are, finest first: names of layers whose outputs they
            are; "NAME/input" for what goes into a layer, "/output" for what the model returns. One tap is
            one scale. A preset without taps has those of its feature pyramid, or its output alone. The taps
            of other backbones are known.
        weights: "imagenet" (downloads through keras.applications); "keras2016", the ResNet-50 that Keras
            published in 2016, fetched once and checked; "random"; "own", those in FILE.keras or the preset;
            "none", of vectors; or the path of a ResNet's imported file.
        batch_norm_momentum: decay of the moving statistics (Sec. IV-A3: 0.9997) [1].
        backbone_epsilon: batch-norm epsilon of the backbone; "weights": that of its weights' training [3].
        block_epsilon: batch-norm epsilon of the fusion blocks, and of a randomly initialised backbone [3].
        fusion_gamma: what the last batch-norm scale of each fusion block starts at; below 1, MS-CNN starts
            nearer to the CNN it is built on (ours; the paper states no initialisation) [9].
        flip_average: an image's visual feature is the mean over the image and its mirror image (ours): in
            predictions, exports, and the heads on fixed features. It takes twice the time.
        feature_scaling: of what heads on fixed features read: "none", or "standardized", to mean 0 and
            standard deviation 1 over the training images, each unit by itself (ours).
        classifier_start: the initial biases of classifiers, and of compared systems with the cross-entropy of
            single labels: "glorot", zero below a random kernel, or "frequencies", the log odds of each
            label's frequency among training images; a kernel that trains alone then starts at zero (ours;
            the paper states none).
        tag_hidden: units of the tag encoder's hidden layers (Sec. III-B) [10].
        tag_dropout: while the tag encoder trains, the probability that a tag is hidden, and the rate after
            each hidden layer (ours; the paper states none).
        quantity_hidden: units of the quantity regressor's hidden layers (Sec. III-C).
        dropout: rate after each hidden layer of the quantity regressor (Sec. III-C) [13].
        quantity_bias: what the regressor's last bias starts at: the training set's mean quantity (ours) or 0.
        pooled_maps: how many of the backbone's maps `cnn_scales` averages, from the last one on (ours).
    """

    backbone: Annotated[str, AfterValidator(_known_backbone)] = "resnet101"
    taps: tuple[str, ...] = ()
    weights: str = "imagenet"
    batch_norm_momentum: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.9997
    backbone_epsilon: Epsilon | Literal["weights"] = "weights"
    block_epsilon: Epsilon = 1e-3
    fusion_gamma: Rate = 1.0
    flip_average: bool = False
    feature_scaling: Literal["none", "standardized"] = "none"
    classifier_start: Literal["glorot", "frequencies"] = "glorot"
    tag_hidden: tuple[Positive, Positive] = (2048, 2048)
    tag_dropout: Dropout = 0.0
    quantity_hidden: tuple[Positive, Positive] = (512, 256)
    dropout: Dropout = 0.5
    quantity_bias: Literal["mean", "zero"] = "mean"
    pooled_maps: Annotated[int, Field(ge=2, le=5)] = 5

    @model_validator(mode="after")
    def _weights_exist_for_the_backbone(self) -> Self:
        if self.backbone == "tiny" and self.weights == "imagenet":
            raise ValueError(
                'model.weights = "imagenet" exists for the resnets only; '
                'model.backbone = "tiny" takes "random" or a file'
            )
        return self

    @model_validator(mode="after")
    def _a_file_has_taps_and_weights_of_its_own(self) -> Self:
        if self.backbone.endswith(KERAS_FILE) and not self.taps:
            raise ValueError(
                f'model.backbone = "{self.backbone}" needs model.taps, names of its layers whose outputs are '
                "the maps, finest first"
            )
        if self.taps and not self.has_own_backbone:
            raise ValueError(
                f"model.taps are for a file {KERAS_FILE} or a preset {HUB}NAME; those of {self.backbone} are "
                f"known. Received: {list(self.taps)}"
            )
        if self.has_own_backbone and self.weights not in ("own", "random"):
            raise ValueError(
                f'model.backbone = "{self.backbone}" takes model.weights = "own" or "random". Received: '
                f'"{self.weights}"'
            )
        if self.weights == "own" and not self.has_own_backbone:
            raise ValueError(
                f'model.weights = "own" are those of a file {KERAS_FILE} or a preset {HUB}NAME. Received: '
                f'model.backbone = "{self.backbone}"'
            )
        return self

    @model_validator(mode="after")
    def _vectors_have_no_weights_and_no_mirror_image(self) -> Self:
        if (self.backbone == VECTORS) != (self.weights == "none"):
            raise ValueError(
                f'model.weights = "none" goes with model.backbone = "{VECTORS}", and with no other. '
                f'Received: model.backbone = "{self.backbone}", model.weights = "{self.weights}"'
            )
        if self.backbone == VECTORS and self.flip_average:
            raise ValueError(f'model.flip_average needs images. Received: model.backbone = "{VECTORS}"')
        return self

    @property
    def has_own_backbone(self) -> bool:
        """Whether the backbone is a file or a preset."""
        return is_own(self.backbone)

    @property
    def scales(self) -> int | None:
        """How many maps the backbone has; None where the preset itself must say it."""
        if self.has_own_backbone:
            return len(self.taps) or None
        return scales(self.backbone)
