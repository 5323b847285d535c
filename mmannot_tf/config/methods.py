"""What the compared systems can be told: a section `methods.NAME` each; trained only when asked for.

A number is the original's where its docstring names the section; all others are ours, for heads on frozen
features.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from mmannot_tf.config.section import Positive, Rate, Section, Share
from mmannot_tf.config.stage import StageSettings

LabelOrder = Literal["frequent_first", "rare_first"]


class MethodSettings(StageSettings):
    """What the compared systems share; each gives the numbers of a stage defaults of its own."""

    epochs: Positive = 20
    learning_rate: Rate = 0.002


class CnnLogistic(MethodSettings):
    """One logistic regression a label."""


class CnnSoftmax(MethodSettings):
    """Softmax over the labels; rate, momentum and batch size of Gong et al., Sec. 3.4."""


class CnnWarp(MethodSettings):
    """Weighted approximate ranking.

    Attributes:
        rank: how a positive's rank is taken: "sampled" (Gong et al., Sec. 3.3), or "exact", the number of
            negatives that violate the margin, which draws nothing.

    The loss is a sum over pairs and hundreds of times the softmax's, so its rate is smaller.
    """

    learning_rate: Rate = 5e-5
    rank: Literal["sampled", "exact"] = "sampled"


class RnnSettings(MethodSettings):
    """What the systems that decode label sequences share.

    Attributes:
        order: of a training image's labels, by how many training images have them.
        embedding: size of a label's vector.
        units: of the LSTM.
        beam: paths kept while decoding; 1 is greedy.
    """

    learning_rate: Rate = 0.001
    optimizer: Literal["sgd", "adam"] = "adam"
    order: LabelOrder = "rare_first"
    embedding: Positive = 64
    units: Positive = 512
    beam: Positive = 1


class CnnRnn(RnnSettings):
    """CNN-RNN; sizes of Wang et al., Sec. 4.

    Attributes:
        labels: how many a path has: as the printed rows give.
    """

    order: LabelOrder = "frequent_first"
    beam: Positive = 3
    labels: Positive = 3


class Ria(RnnSettings):
    """RIA."""


class SrCnnRnn(RnnSettings):
    """SR-CNN-RNN.

    Attributes:
        concepts: what the semantic layer predicts: the labels, the tags, or both.
        concept_weight: λ of the joint loss L_RNN + λ L_CNN.
    """

    concepts: Literal["labels", "tags", "both"] = "both"
    concept_weight: Rate = 1.0


class TagNeighbour(MethodSettings):
    """Tag neighbours; numbers of Johnson et al., Sec. 4.

    Attributes:
        neighbours: M, the nearest images by tags that neighbours are drawn from.
        drawn: m, how many of them an image is seen with.
        draws: over which scores are averaged in evaluation.
        hidden: units of the two layers.
        dropout: after each.
        pool: where neighbours come from: the training split, or all splits as in the original.
    """

    learning_rate: Rate = 1e-4
    optimizer: Literal["sgd", "adam"] = "adam"
    neighbours: Positive = 6
    drawn: Positive = 3
    draws: Positive = 10
    hidden: Positive = 500
    dropout: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.5
    pool: Literal["train", "all"] = "train"

    @model_validator(mode="after")
    def _no_more_are_drawn_than_looked_for(self) -> Self:
        if self.drawn > self.neighbours:
            raise ValueError(
                "methods.tag_neighbour.drawn must be at most methods.tag_neighbour.neighbours. "
                f"Received: {self.drawn} of {self.neighbours}"
            )
        return self


class Sinn(MethodSettings):
    """Structured inference; its optimizer is ours.

    Attributes:
        observed: what is known of a test image: its tags, or nothing.
        least_cooccurrence: training images two concepts must share to be connected.
    """

    learning_rate: Rate = 0.001
    optimizer: Literal["sgd", "adam"] = "adam"
    observed: Literal["tags", "none"] = "tags"
    least_cooccurrence: Positive = 1


class Asl(MethodSettings):
    """Asymmetric loss; focusing and margin of Ridnik et al. (2021), Sec. 4.

    Attributes:
        gamma_negative: focusing of the negatives.
        gamma_positive: focusing of the positives.
        margin: by which probabilities of negatives are shifted.
    """

    gamma_negative: Annotated[float, Field(ge=0.0)] = 4.0
    gamma_positive: Annotated[float, Field(ge=0.0)] = 0.0
    margin: Share = 0.05


class MlDecoder(Asl):
    """A query-based decoder head.

    Attributes:
        width: of its tokens.
        heads: of its attention.
        feed_forward: units of its hidden layer.
        dropout: in the decoder.
    """

    learning_rate: Rate = 1e-4
    optimizer: Literal["sgd", "adam"] = "adam"
    width: Positive = 768
    heads: Positive = 8
    feed_forward: Positive = 2048
    dropout: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.1

    @model_validator(mode="after")
    def _the_heads_share_the_width(self) -> Self:
        if self.width % self.heads:
            raise ValueError(
                "methods.ml_decoder.width must be a multiple of methods.ml_decoder.heads. "
                f"Received: width={self.width}, heads={self.heads}"
            )
        return self


class Methods(Section):
    """The compared systems of Tables III and IV, and two later heads."""

    cnn_logistic: CnnLogistic = CnnLogistic()
    cnn_softmax: CnnSoftmax = CnnSoftmax()
    cnn_warp: CnnWarp = CnnWarp()
    cnn_rnn: CnnRnn = CnnRnn()
    ria: Ria = Ria()
    sr_cnn_rnn: SrCnnRnn = SrCnnRnn()
    tag_neighbour: TagNeighbour = TagNeighbour()
    sinn: Sinn = Sinn()
    asl: Asl = Asl()
    ml_decoder: MlDecoder = MlDecoder()
