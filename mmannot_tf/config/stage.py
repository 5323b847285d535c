"""The numbers of one stage."""

from typing import Literal, Self

from pydantic import model_validator

from mmannot_tf.config.section import Epochs, Positive, Rate, Section


class StageSettings(Section):
    """The numbers of one stage.

    Attributes:
        epochs: passes over the training split [5].
        learning_rate: constant over the stage (Sec. IV-A3) [5].
        batch_size: instead of training.batch_size, or None.
        backbone_rate: factor on the learning rate for the backbone where the stage trains it; below 1, a
            pretrained backbone moves less than the new head on it (ours; the paper gives one rate) [5].
        optimizer: "sgd" with training.momentum (Sec. IV-A3), or "adam" as some compared systems have it.
    """

    epochs: Epochs
    learning_rate: Rate
    batch_size: Positive | None = None
    backbone_rate: Rate = 1.0
    optimizer: Literal["sgd", "adam"] = "sgd"

    @model_validator(mode="after")
    def _a_slower_backbone_needs_sgd(self) -> Self:
        if self.backbone_rate != 1.0 and self.optimizer != "sgd":
            raise ValueError(
                'backbone_rate scales gradients, which Adam undoes: it needs optimizer = "sgd" or the value 1'
            )
        return self
