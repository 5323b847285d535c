"""The numbers of one stage."""

from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from mmannot_tf.config.section import Coefficient, Dropout, Epochs, Positive, Rate, Section


class StageSettings(Section):
    """The numbers of one stage.

    Attributes:
        epochs: passes over the training split [5].
        learning_rate: over the whole stage (Sec. IV-A3), or the peak of another schedule [5].
        schedule: of the learning rate: "constant" (Sec. IV-A3); "cosine", from the peak to 0 over the stage
            (Loshchilov and Hutter 2017, without restarts); "steps", times decay_factor after each of
            decay_epochs [5].
        decay_epochs: of the schedule "steps": the rate falls after these epochs.
        decay_factor: of the schedule "steps".
        warmup_epochs: the rate rises linearly from 0 over so many epochs, of any schedule (ours).
        clip_norm: gradients whose global norm is greater are scaled down to it (ours); None for no limit.
        l2_coefficient: instead of training.l2_coefficient, or None.
        l2_candidates: of a stage that reads no images: its L2 coefficient is that of these with the best mean
            score over l2_folds parts of the training split, each held out once (ours); then l2_coefficient
            has no effect. Empty for no choice.
        l2_folds: see l2_candidates; the stage is trained so many times for each candidate.
        patience: the stage ends after so many epochs without a better validation score (ours); None trains
            all epochs.
        batch_size: instead of training.batch_size, or None.
        backbone_rate: factor on the learning rate for the backbone where the stage trains it; below 1, a
            pretrained backbone moves less than the new head on it (ours; the paper gives one rate) [5]. With
            0 it does not move: `cnn` and `cnn_longer` train their head alone, on features that are computed
            once and without augmentation.
        trained_from: the first group of the backbone's layers that moves where the stage trains it; earlier
            groups stay as they are, batch-norm statistics included, and need no backward pass (ours). A
            group ends with a map: "conv2" are the layers behind the first map, up to the second.
        optimizer: "sgd" with training.momentum (Sec. IV-A3), or "adam" as some compared systems have it.
    """

    epochs: Epochs
    learning_rate: Rate
    schedule: Literal["constant", "cosine", "steps"] = "constant"
    decay_epochs: tuple[Epochs, ...] = ()
    decay_factor: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.1
    warmup_epochs: Annotated[float, Field(ge=0.0, le=100_000.0)] = 0.0
    clip_norm: Rate | None = None
    l2_coefficient: Coefficient | None = None
    l2_candidates: tuple[Coefficient, ...] = ()
    l2_folds: Annotated[int, Field(ge=2, le=100)] = 5
    patience: Positive | None = None
    batch_size: Positive | None = None
    backbone_rate: Coefficient = 1.0
    trained_from: Literal["conv1", "conv2", "conv3", "conv4", "conv5"] = "conv1"
    optimizer: Literal["sgd", "adam"] = "sgd"

    @model_validator(mode="after")
    def _a_slower_backbone_needs_sgd(self) -> Self:
        if self.backbone_rate not in (0.0, 1.0) and self.optimizer != "sgd":
            raise ValueError(
                "backbone_rate scales gradients, which Adam undoes: "
                'it needs optimizer = "sgd", or the value 0 or 1'
            )
        return self

    @model_validator(mode="after")
    def _candidates_are_a_choice(self) -> Self:
        if len(set(self.l2_candidates)) < len(self.l2_candidates) or len(self.l2_candidates) == 1:
            raise ValueError(
                f"l2_candidates must be two or more different numbers. Received: {list(self.l2_candidates)}"
            )
        return self

    @model_validator(mode="after")
    def _the_schedule_fits_the_epochs(self) -> Self:
        if (self.schedule == "steps") != bool(self.decay_epochs):
            raise ValueError(
                'decay_epochs belong to schedule = "steps", which needs some. '
                f"Received: {list(self.decay_epochs)} with {self.schedule!r}"
            )
        if self.decay_epochs and not all(
            earlier < later for earlier, later in pairwise((*self.decay_epochs, self.epochs))
        ):
            raise ValueError(
                "decay_epochs must grow and lie within the stage's epochs. "
                f"Received: {list(self.decay_epochs)} of {self.epochs}"
            )
        if self.warmup_epochs >= self.epochs and self.warmup_epochs:
            raise ValueError(
                "warmup_epochs must be fewer than the stage's epochs. "
                f"Received: {self.warmup_epochs} of {self.epochs}"
            )
        return self


class JointHeadSettings(StageSettings):
    """The numbers of a stage that trains a head on f = [f_v, f_t].

    Attributes:
        untagged_share: of the training images, drawn anew each epoch, whose tags are hidden, so that the head
            learns to annotate images without tags (ours).
    """

    untagged_share: Dropout = 0.0
