"""The rows of Tables I to VI, and controls of ours, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from mmannot_tf.config.methods import in_table_order
from mmannot_tf.evaluation.predictions import Visual
from mmannot_tf.evaluation.results import Selection, Source

FREQUENCIES = "label_frequencies"
"""The scorer that ignores the image: every image gets the training split's most frequent labels."""


@dataclass(frozen=True)
class Row:
    """The recipe of one row of a table.

    Attributes:
        method: its name in the table.
        scorer: its probabilities rank the labels.
        selection: how labels are selected from them.
        quantity: the regressor that cuts the ranking; for "predicted_quantity" only.
        source: "paper" for the method's own rows in its tables, "compared" for the other systems of Tables
            III and IV, "ours" for controls that it lacks, "later" for later work.
        thresholded: there is a second row by threshold, because the scores are probabilities.
        visual: the stage whose feature the stages after it read as f_v: a run has the rows of one; None where
            it does not matter.
        threshold: labels with a score above it are given; for "threshold" only.
        k: how many labels every image gets; for "top_k" only; None for `evaluation.k`.
        untagged: the row that annotates images without a tag of the vocabulary; None for this row itself.
    """

    method: str
    scorer: str
    selection: Selection
    quantity: str | None = None
    source: Source = "paper"
    thresholded: bool = True
    visual: Visual | None = None
    threshold: float | None = None
    untagged: "Row | None" = None
    k: int | None = None


def _untagged_by_f_v(joint: Row, visual: Row) -> Row:
    """The joint row, but images without tags are annotated as in the visual row."""
    return replace(joint, method=f"{joint.method}, untagged {visual.method}", source="ours", untagged=visual)


_MS_CNN = Row("MS-CNN+LQP", "ms_cnn", "predicted_quantity", "quantity_visual", visual="ms_cnn")
_MS_CNN_TAGS = Row("MS-CNN+Tags+LQP", "classifier", "predicted_quantity", "quantity", visual="ms_cnn")
_CNN = Row("CNN+LQP", "cnn", "predicted_quantity", "quantity_visual", source="ours", visual="cnn")
_CNN_TAGS = Row("CNN+Tags+LQP", "classifier", "predicted_quantity", "quantity", source="ours", visual="cnn")

ROWS = (
    Row("Upper bound", "classifier", "true_quantity", visual="ms_cnn"),
    _MS_CNN_TAGS,
    _untagged_by_f_v(_MS_CNN_TAGS, _MS_CNN),
    _MS_CNN,
    Row("MS-CNN+Tags", "classifier", "top_k", visual="ms_cnn"),
    Row("MS-CNN", "ms_cnn", "top_k"),
    Row("Upper bound, CNN+Tags", "classifier", "true_quantity", source="ours", visual="cnn"),
    _CNN_TAGS,
    _untagged_by_f_v(_CNN_TAGS, _CNN),
    _CNN,
    Row("CNN+Tags", "classifier", "top_k", source="ours", visual="cnn"),
    Row("CNN", "cnn", "top_k"),
    Row("CNN, trained as long", "cnn_longer", "top_k", source="ours"),
    Row("CNN, not fine-tuned", "cnn_head", "top_k", source="ours"),
    Row("CNN, pooled scales", "cnn_scales", "top_k", source="ours"),
    Row("Tags only", "tag_encoder", "top_k", source="ours"),
    Row("Label frequencies", FREQUENCIES, "top_k", source="ours", thresholded=False),
    Row("Joint MS-CNN+Tags+LQP", "joint", "predicted_quantity", "joint", source="ours"),
    Row("Joint MS-CNN+Tags", "joint", "top_k", source="ours"),
    *(
        Row(
            system.title,
            system.name,
            system.selection,
            source=system.source,
            thresholded=system.thresholded,
        )
        for system in in_table_order()
    ),
)

FEATURES: Mapping[Visual, Mapping[str, str]] = {
    "ms_cnn": {"quantity_visual": "MS-CNN", "quantity": "MS-CNN+Tags", "joint": "Joint"},
    "cnn": {"quantity_visual": "CNN", "quantity": "CNN+Tags", "joint": "Joint"},
}
"""Stage of f_v → regressor → the features it reads, as Tables V and VI name them and in their order."""


def row_of(scorer: str) -> Row:
    """The first row of a scorer."""
    return next(row for row in ROWS if row.scorer == scorer)
