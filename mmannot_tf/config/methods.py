"""The catalogue of the compared systems: their settings, sections `methods.NAME`, and their order.

A number is the original's where its docstring names the section; all others are ours, for frozen features.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, create_model, model_validator

from mmannot_tf.config.section import Dropout, Epochs, Positive, Rate, Section, Share
from mmannot_tf.config.stage import StageSettings

LabelOrder = Literal["frequent_first", "rare_first"]
Focusing = Annotated[float, Field(ge=0.0, le=100.0)]


class MethodSettings(StageSettings):
    """The settings of a stage with the defaults of a compared system."""

    epochs: Epochs = 20
    learning_rate: Rate = 0.002

    @model_validator(mode="after")
    def _coefficients_are_stated(self) -> Self:
        if self.l2_candidates:
            raise ValueError("l2_candidates is for stages: a compared system has its l2_coefficient")
        return self


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
    """The settings that the systems with label sequences share.

    Attributes:
        order: of the labels in a sequence, by how many training images have them.
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
        labels: number of labels in a path, as in the printed rows.
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
        drawn: m, how many of them are drawn for an image.
        draws: number of draws that scores are averaged over in evaluation.
        hidden: units of the two layers.
        dropout: rate after each of them.
        pool: where neighbours come from: the training split, or all splits as in the original.
    """

    learning_rate: Rate = 1e-4
    optimizer: Literal["sgd", "adam"] = "adam"
    neighbours: Positive = 6
    drawn: Positive = 3
    draws: Positive = 10
    hidden: Positive = 500
    dropout: Dropout = 0.5
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
        margin: subtracted from the probabilities of the negatives.
    """

    gamma_negative: Focusing = 4.0
    gamma_positive: Focusing = 0.0
    margin: Share = 0.05


class MlDecoder(Asl):
    """A query-based decoder head.

    Attributes:
        width: size of a token.
        heads: number of attention heads.
        feed_forward: units of the hidden layer.
        dropout: rate in the decoder.
    """

    learning_rate: Rate = 1e-4
    optimizer: Literal["sgd", "adam"] = "adam"
    width: Positive = 768
    heads: Positive = 8
    feed_forward: Positive = 2048
    dropout: Dropout = 0.1

    @model_validator(mode="after")
    def _the_heads_share_the_width(self) -> Self:
        if self.width % self.heads:
            raise ValueError(
                "methods.ml_decoder.width must be a multiple of methods.ml_decoder.heads. "
                f"Received: width={self.width}, heads={self.heads}"
            )
        return self


@dataclass(frozen=True)
class ComparedSystem:
    """One compared system: all that its stage, section, row and pair are made from.

    Attributes:
        name: of its stage, its section `methods.NAME` and its module `mmannot_tf.baselines.NAME`.
        title: of its row.
        settings: its section.
        feature: the stage whose feature it reads.
        reads_tags: whether it reads tags too.
        selection: how its labels are selected: the top k of its scores, or those it decodes itself.
        printed_row: its place among the systems of Tables III and IV, from the top; None for later work.
        thresholded: whether it has a second row, by threshold: its scores are probabilities of single labels.
        label_layer: the layer of the logits, if their loss is the cross-entropy of single labels; else None.
        compared_with: the row of ours that reads and decides what it does; None for no paired test.
    """

    name: str
    title: str
    settings: type[MethodSettings]
    feature: Literal["cnn", "cnn_map"] = "cnn"
    reads_tags: bool = False
    selection: Literal["top_k", "decoded"] = "top_k"
    printed_row: int | None = None
    thresholded: bool = False
    label_layer: str | None = None
    compared_with: str | None = None

    @property
    def source(self) -> Literal["compared", "later"]:
        """Whether the paper compares with it, or it is later work."""
        return "later" if self.printed_row is None else "compared"


COMPARED_SYSTEMS = (
    ComparedSystem(
        "cnn_logistic",
        "CNN+logistic",
        CnnLogistic,
        printed_row=8,
        thresholded=True,
        label_layer="logits",
        compared_with="MS-CNN",
    ),
    ComparedSystem("cnn_softmax", "CNN+softmax", CnnSoftmax, printed_row=7),
    ComparedSystem("cnn_warp", "CNN+WARP", CnnWarp, printed_row=6),
    ComparedSystem("cnn_rnn", "CNN-RNN", CnnRnn, selection="decoded", printed_row=5, compared_with="MS-CNN"),
    ComparedSystem("ria", "RIA", Ria, selection="decoded", printed_row=4, compared_with="MS-CNN+LQP"),
    ComparedSystem(
        "sr_cnn_rnn",
        "SR-CNN-RNN",
        SrCnnRnn,
        reads_tags=True,
        selection="decoded",
        printed_row=1,
        compared_with="MS-CNN+Tags+LQP",
    ),
    ComparedSystem(
        "tag_neighbour",
        "TagNeighbour",
        TagNeighbour,
        reads_tags=True,
        printed_row=3,
        thresholded=True,
        label_layer="logits",
        compared_with="MS-CNN+Tags",
    ),
    ComparedSystem(
        "sinn",
        "SINN",
        Sinn,
        reads_tags=True,
        printed_row=2,
        thresholded=True,
        label_layer="x_labels",
        compared_with="MS-CNN+Tags",
    ),
    ComparedSystem("asl", "ASL", Asl, thresholded=True, compared_with="MS-CNN"),
    ComparedSystem(
        "ml_decoder",
        "ML-Decoder",
        MlDecoder,
        feature="cnn_map",
        thresholded=True,
        compared_with="MS-CNN",
    ),
)
"""All compared systems, in the order of their sections. A new one is a value here, with its settings above,
and a module of `mmannot_tf.baselines`."""


LABEL_LAYERS = {system.name: system.label_layer for system in COMPARED_SYSTEMS if system.label_layer}


def in_table_order() -> list[ComparedSystem]:
    """The systems in the order of Tables III and IV, then later work."""
    return sorted(COMPARED_SYSTEMS, key=lambda system: (system.printed_row is None, system.printed_row or 0))


def in_training_order() -> list[ComparedSystem]:
    """The systems of Tables III and IV from the last row upwards, then later work."""
    return sorted(COMPARED_SYSTEMS, key=lambda system: -(system.printed_row or 0))


if TYPE_CHECKING:

    class Methods(Section):
        """A section for each compared system."""
else:
    Methods = create_model(
        "Methods",
        __base__=Section,
        __doc__="A section for each compared system.",
        __module__=__name__,
        **{system.name: (system.settings, system.settings()) for system in COMPARED_SYSTEMS},
    )
