"""The settings of a run: frozen pydantic models, one for each section of the TOML file.

Numbers in brackets name the paper's open point that a key decides: docs/fidelity.md lists them all.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from mmannot_tf.config.methods import Methods
from mmannot_tf.config.model import ModelSettings
from mmannot_tf.config.section import Coefficient, Positive, Section, Share
from mmannot_tf.config.stage import JointHeadSettings, StageSettings
from mmannot_tf.models.networks import VECTORS


class DataSettings(Section):
    """How records become batches.

    Attributes:
        image_size: side of the square network input, pixels (Sec. IV-A3: 224).
        vocabulary_size: T, how many of the most frequent training tags are read (Sec. IV-A1: 1,000). With 0,
            or with records that have no tags, stages that need tags are left out.
        preprocessing: of the pixels: "weights", as the backbone's weights were trained; "caffe", BGR minus
            channel means; "centred", RGB from -1 to 1 [20]; "torch", RGB by ImageNet's means and standard
            deviations; "pixels", RGB from 0 to 255.
        orientation: "exif" turns images upright as their EXIF tag says; "ignored" takes the pixels as they
            are stored [19].
        resize: "antialiased", bilinear over all pixels that an output pixel covers; or bilinear over four
            pixels, sampled at pixel centres ("half_pixel") or at corners as TF 1 did ("tf1") [19].
        augmentation: of training images: "flip", random horizontal flips; "crop", random parts with 3/4 to
            4/3 of the aspect (Szegedy et al. 2015), resized; "crop-flip" [5].
        least_crop_area: the smallest crop's share of the image's area; 8 % in that paper. Short fine-tuning
            wants larger crops: docs/learning-rates.md.
        decoded_cache: "memory" or "disk" (below the run's folder): training images are decoded and resized
            once, 12 bytes a pixel of the network's input, and read back from there. The batches stay the
            same to the last bit. Crops need the original images and exclude it.
    """

    image_size: Annotated[int, Field(ge=32, le=4096)] = 224
    vocabulary_size: Annotated[int, Field(ge=0, le=1_000_000)] = 1000
    preprocessing: Literal["weights", "caffe", "centred", "torch", "pixels"] = "weights"
    orientation: Literal["exif", "ignored"] = "exif"
    resize: Literal["antialiased", "half_pixel", "tf1"] = "antialiased"
    augmentation: Literal["none", "flip", "crop", "crop-flip"] = "none"
    least_crop_area: Annotated[float, Field(gt=0, le=1)] = 0.08
    decoded_cache: Literal["none", "memory", "disk"] = "none"

    @model_validator(mode="after")
    def _crops_are_cut_from_the_original(self) -> Self:
        if self.decoded_cache != "none" and self.augmentation in ("crop", "crop-flip"):
            raise ValueError(
                f'data.decoded_cache = "{self.decoded_cache}" holds resized images, and crops are cut from '
                f'the original: data.augmentation = "{self.augmentation}" needs data.decoded_cache = "none"'
            )
        return self


class TrainingSettings(Section):
    """The settings that all stages share.

    Attributes:
        seed: of initialisation, shuffling and dropout.
        batch_size: examples a step, over all replicas [5].
        momentum: of the optimizer (Sec. IV-A3: 0.9).
        batch_norm: on several replicas, statistics of the global batch ("synchronized": what one device
            computes), or of each replica's part of it ("per-replica": faster, but another training).
        precision: of the layers' arithmetic in training: "float32", or mixed with "bfloat16", or with
            "float16" and a loss scale. What stays float32: docs/distributed.md.
        jit_compile: XLA compiles the forward and backward passes. A resumed run may then differ in bits from
            an uninterrupted one: XLA lacks deterministic forms of some operations.
        weight_decay: the reading of "weight decay is set to 0.9997" [2].
        l2_coefficient: of the reading "l2": λ of λ‖w‖²/2 (ours; code of the time had 4e-5) [2].
        average_decay: decay d of a moving average of the trained weights, which validates and is kept (ours);
            after n updates the decay is min(d, (1 + n) / (10 + n)), as in TensorFlow. None keeps the weights
            themselves.
        loss_reduction: over labels, before the mean over the batch [4].
        reestimate_batches: training batches over which batch-norm statistics are re-estimated before each
            validation and for the stage's final weights; 0 keeps the moving statistics [1].
        refit_of: a finished run with the same settings, or None. This run keeps what that one chose on its
            validation images (epochs, L2 coefficients, thresholds, heads for images without tags) and trains
            each stage on training and validation images together (ours).
        shuffle_buffer: undecoded records held for shuffling.
        checkpoint_seconds: the longest time between two checkpoints within an epoch.
    """

    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0
    batch_size: Positive = 32
    momentum: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.9
    batch_norm: Literal["synchronized", "per-replica"] = "synchronized"
    precision: Literal["float32", "float16", "bfloat16"] = "float32"
    jit_compile: bool = False
    weight_decay: Literal["l2", "ema", "ema_num_updates", "shrink", "literal", "none"] = "l2"
    l2_coefficient: Coefficient = 4e-5
    average_decay: Annotated[float, Field(gt=0.0, lt=1.0)] | None = None
    loss_reduction: Literal["sum", "mean"] = "sum"
    reestimate_batches: Annotated[int, Field(ge=0, le=100_000)] = 10
    refit_of: str | None = None
    shuffle_buffer: Annotated[int, Field(gt=0, le=10_000_000)] = 4096
    checkpoint_seconds: Annotated[float, Field(ge=0.0, le=1e7)] = 300.0

    @model_validator(mode="after")
    def _the_weights_have_one_average(self) -> Self:
        if self.average_decay is not None and self.weight_decay.startswith("ema"):
            raise ValueError(
                f'training.weight_decay = "{self.weight_decay}" is an average of the weights with decay '
                f"0.9997: it excludes training.average_decay. Received: {self.average_decay}"
            )
        return self


class Stages(Section):
    """Algorithm 1's stages in order, and four of ours, left out where None.

    `cnn_head` trains a head on the pretrained CNN, which `cnn` then starts from: fine-tuning moves a backbone
    less under a head that fits it (LP-FT; Kumar et al. 2022, arXiv 2202.10054).
    Without `ms_cnn` there are no fusion blocks, and f_v is the CNN's feature (ours). Two are controls of
    MS-CNN: `cnn_longer` trains the CNN for longer, `cnn_scales` a head on the averages over several maps.
    `joint` trains all branches further, together [6].
    """

    cnn_head: StageSettings | None = None
    cnn: StageSettings
    cnn_longer: StageSettings | None = None
    cnn_scales: StageSettings | None = None
    ms_cnn: StageSettings | None = None
    tag_encoder: StageSettings
    classifier: JointHeadSettings
    quantity_visual: StageSettings
    quantity: JointHeadSettings
    joint: StageSettings | None = None

    @model_validator(mode="after")
    def _coefficients_are_chosen_where_no_image_is_read(self) -> Self:
        for name in ("cnn", "cnn_longer", "ms_cnn", "joint"):
            stage = getattr(self, name)
            if (
                stage is not None
                and stage.l2_candidates
                and (name in ("ms_cnn", "joint") or stage.backbone_rate)
            ):
                raise ValueError(
                    f"stages.{name}.l2_candidates needs a stage that reads no images: {name} moves branches "
                    "that do"
                )
        return self

    @model_validator(mode="after")
    def _joint_training_moves_the_backbone(self) -> Self:
        if self.joint is not None and self.joint.backbone_rate == 0.0:
            raise ValueError("stages.joint.backbone_rate must be more than 0: this stage trains all branches")
        return self

    @model_validator(mode="after")
    def _joint_training_moves_the_fusion_blocks(self) -> Self:
        if self.joint is not None and self.ms_cnn is None:
            raise ValueError("stages.joint needs stages.ms_cnn: it trains its fusion blocks further")
        return self


class EvaluationSettings(Section):
    """How predictions are scored.

    Attributes:
        k: labels given by the rows without quantity prediction [15].
        other_k: further numbers of labels, with rows of their own (ours).
        never_predicted: a class never predicted counts as precision 0, or is left out of the mean [21].
        quantity_rounding: of the regressor's output [22].
        least_quantity: the smallest quantity given; 1 where every image has a label [22].
        image_average: I-P and I-R: ratios of "sums" over the images, or means of each image's "ratios" [23].
        threshold: of the rows that select by probability, as later papers do (ours).
        untagged: which heads annotate an image without a tag of the vocabulary (the paper drops such images):
            "joint", those on f, as every other image; "visual", those on f_v; "validation", those with the
            higher I-F1 on validation images whose tags are hidden, chosen at the end of training (ours).
    """

    k: Positive = 3
    other_k: tuple[Positive, ...] = ()
    never_predicted: Literal["zero", "left_out"] = "zero"
    quantity_rounding: Literal["nearest", "down", "up"] = "nearest"
    least_quantity: Literal[0, 1] = 1
    image_average: Literal["sums", "ratios"] = "sums"
    threshold: Share = 0.5
    untagged: Literal["joint", "visual", "validation"] = "validation"

    @field_validator("other_k")
    @classmethod
    def _numbers_of_labels_differ(cls, other_k: tuple[int, ...], info: ValidationInfo) -> tuple[int, ...]:
        if len({*other_k, info.data.get("k")}) <= len(other_k):
            raise ValueError(
                f"evaluation.other_k must be different numbers, and other ones than evaluation.k. Received: "
                f"{list(other_k)}, k = {info.data.get('k')}"
            )
        return other_k


class Config(Section):
    """A whole run, as configs/*.toml state it."""

    data: DataSettings = DataSettings()
    model: ModelSettings = ModelSettings()
    training: TrainingSettings = TrainingSettings()
    stages: Stages
    methods: Methods = Methods()
    evaluation: EvaluationSettings = EvaluationSettings()

    @model_validator(mode="after")
    def _coefficients_are_chosen_where_they_have_an_effect(self) -> Self:
        choosing = [name for name, stage in self.stages if stage is not None and stage.l2_candidates]
        if choosing and self.training.weight_decay != "l2":
            raise ValueError(
                f'stages.{choosing[0]}.l2_candidates needs training.weight_decay = "l2". Received: '
                f'"{self.training.weight_decay}"'
            )
        return self

    @model_validator(mode="after")
    def _stages_fit_the_number_of_scales(self) -> Self:
        if self.model.scales is not None:
            self.check_scales(self.model.scales)
        return self

    def check_scales(self, scales: int) -> None:
        """Checks that the stages can be trained on so many maps.

        Raises:
            ValueError: a stage fuses several where there is one, or moves a group that there is not.
        """
        for name in ("ms_cnn", "cnn_scales"):
            if scales == 1 and getattr(self.stages, name) is not None:
                raise ValueError(
                    f"stages.{name} needs a backbone of several scales. Received: model.backbone = "
                    f'"{self.model.backbone}", which has one. Leave the stage out'
                )
        for name, stage in self.stages:
            if stage is not None and int(stage.trained_from.removeprefix("conv")) > scales:
                raise ValueError(
                    f"stages.{name}.trained_from must be one of the backbone's {scales} scales. Received: "
                    f'"{stage.trained_from}"'
                )

    @model_validator(mode="after")
    def _vectors_are_neither_moved_nor_augmented(self) -> Self:
        if self.model.backbone != VECTORS:
            return self
        for name in ("cnn", "cnn_longer"):
            stage = getattr(self.stages, name)
            if stage is not None and stage.backbone_rate:
                raise ValueError(
                    f'stages.{name}.backbone_rate must be 0 with model.backbone = "{VECTORS}", which has no '
                    f"weights. Received: {stage.backbone_rate}"
                )
        if self.stages.cnn_head is not None:
            raise ValueError(f'stages.cnn_head needs a backbone. Received: model.backbone = "{VECTORS}"')
        for key in ("augmentation", "decoded_cache"):
            if (value := getattr(self.data, key)) != "none":
                raise ValueError(
                    f'data.{key} needs images. Received: "{value}" with model.backbone = "{VECTORS}"'
                )
        return self

    @model_validator(mode="after")
    def _the_preprocessing_of_an_own_backbone_is_stated(self) -> Self:
        if self.model.has_own_backbone and self.data.preprocessing == "weights":
            raise ValueError(
                f'model.backbone = "{self.model.backbone}" needs data.preprocessing, which says what its '
                'pixels are. Received: "weights"'
            )
        return self

    @model_validator(mode="after")
    def _a_frozen_backbone_is_pretrained(self) -> Self:
        if self.model.weights != "random":
            return self
        if self.stages.cnn_head is not None:
            raise ValueError('stages.cnn_head needs pretrained weights; model.weights is "random"')
        if self.stages.cnn.backbone_rate == 0.0:
            raise ValueError(
                'stages.cnn.backbone_rate = 0 needs pretrained weights; model.weights is "random"'
            )
        return self
