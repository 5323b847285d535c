"""This project's deliberate departures from the paper."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Departure:
    """One deliberate departure.

    Attributes:
        title: what is different.
        text: how, why, and what to set for the paper's own way.
    """

    title: str
    text: str


DEPARTURES = (
    Departure(
        "Rates of their own for small sets",
        "`configs/quickstart.toml` and `configs/mscoco_small.toml` have learning rates and epochs of ours: "
        "at MS-COCO's 0.0001 the tag encoder needs tens of thousands of steps. `configs/nus_wide.toml` and "
        "`configs/mscoco.toml` have the paper's.",
    ),
    Departure(
        "A factor on the backbone's rate",
        "`stages.cnn.backbone_rate` is 1, one rate for the whole stage as in the paper, but 0.02 in "
        "`configs/mscoco_small.toml`: with a few hundred images a pretrained backbone at the head's rate "
        "learns them by heart before the head has arrived.",
    ),
    Departure(
        "A gentle start of the fusion blocks",
        "`model.fusion_gamma` is 1, the plain start, but 0.1 in `configs/mscoco_small.toml`: with a few "
        "hundred images, fresh blocks at full scale drown the CNN's feature and have too few steps to make "
        "up for it.",
    ),
    Departure(
        "What the best epoch is",
        "The epoch kept is the one with the highest label ranking average precision on the validation split "
        "(label stages) or the lowest squared error (quantity stages). I-F1 at k is logged beside it; on "
        "small splits it ties too often to choose by.",
    ),
    Departure(
        "The `tiny` backbone",
        '`model.backbone = "tiny"` is a bottleneck ResNet with the same five taps for small machines. The '
        "default is ResNet-101, as in the paper.",
    ),
    Departure(
        'The row "CNN, trained as long"',
        "MS-CNN is trained on top of a finished CNN, so it has had more steps. The optional stage "
        "`cnn_longer` trains the CNN on for as long as MS-CNN's stage takes; the paper has no such control.",
    ),
    Departure(
        "Joint training",
        'The paper trains its branches apart and leaves training "in a single process" to future work, for '
        "fear of overfitting (Sec. III-D). The optional stage `joint` starts where the others end and trains "
        "all branches on together, on the sum of equations 4 and 5, each with weight 1. It is off in every "
        "shipped configuration; `--set stages.joint.epochs=2 --set stages.joint.learning_rate=0.001` turns "
        'it on. Its rows are ours and are called "Joint"; exporting and annotating keep to the branches of '
        "Algorithm 1.",
    ),
    Departure(
        "Re-estimation of batch-norm statistics",
        "Before each validation and for a stage's final weights, over `training.reestimate_batches` batches "
        "[1]; 0 keeps the moving statistics.",
    ),
    Departure(
        "MS-CNN's head starts from CNN's head",
        'Line 2 of Algorithm 1 initialises MS-CNN "with the finetuned CNN"; we read that to include the '
        "fully connected layer of its stage.",
    ),
    Departure(
        "A validation split",
        "Part of the training images is held out and picks each stage's best epoch. The paper names training "
        "and test images only; the test images pick nothing here.",
    ),
    Departure(
        "The regressor's last bias starts at the mean quantity",
        '`model.quantity_bias = "mean"`, so that the first steps do not go into finding it; "zero" is the '
        "plain start.",
    ),
    Departure(
        "C-R where a class has no true label in the split",
        "Equation 6 reads 0/0 for the recall of such a class. It is left out of the mean, for no annotator "
        "could earn it; C-P stays a mean over all C classes. The paper's test sets hold every class, so its "
        "numbers are not touched; a small test split may lack some, and the evaluation says how many "
        "(`classes`, `classes_present`).",
    ),
    Departure(
        "Rows that later papers are read by",
        "For each scorer a row that selects every label with a probability above `evaluation.threshold`, and "
        "its mAP; and a row for the tag encoder alone.",
    ),
)
