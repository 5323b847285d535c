"""This project's deliberate departures from the paper."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Departure:
    """One deliberate departure.

    Attributes:
        title: what is different.
        text: how and why it differs, and what to set to follow the paper.
    """

    title: str
    text: str


DEPARTURES = (
    Departure(
        "Our own learning rates for small sets",
        "`quickstart`, `mscoco_small`, `mirflickr_small` and `mirflickr_finetuned` of `configs/` have our "
        "own learning rates and epochs. At MS-COCO's 0.0001 the tag encoder would need tens of thousands of "
        "steps. `configs/mscoco.toml` and `configs/nus_wide_printed.toml` have the paper's rates. "
        "`configs/nus_wide.toml` and `configs/mirflickr.toml` have 0.001 for the label quantity, which "
        "diverges at the paper's 0.1.",
    ),
    Departure(
        "A factor on the backbone's learning rate",
        "`stages.cnn.backbone_rate` is 1 by default: the whole stage has one rate, as in the paper. With "
        "few images, a pretrained backbone at the head's rate memorises them before the head has converged. "
        "With 0, as in `configs/mscoco_small.toml` and `configs/mirflickr_small.toml`, the backbone stays as "
        "it is, and the stage trains its head on features that are computed once. `trained_from` moves the "
        "last groups of the backbone alone.",
    ),
    Departure(
        "Schedules, clipping, early stopping and averaged weights",
        "A stage can have `schedule`, `warmup_epochs`, `clip_norm`, `patience` and its own `l2_coefficient`, "
        "which cross-validation chooses among `l2_candidates`; all stages can have "
        "`training.average_decay`. By default all are off: the rate is constant, as in the paper, and every "
        "epoch is trained.",
    ),
    Departure(
        "A smaller start value for the fusion blocks",
        "`model.fusion_gamma` is 1 by default, the usual start value, but 0.1 in "
        "`configs/mscoco_small.toml` and `configs/mirflickr_finetuned.toml`. With few images, new blocks at "
        "full scale drown the CNN's feature and have too few steps to recover.",
    ),
    Departure(
        "How the best epoch is chosen",
        "Label stages keep the epoch with the highest label ranking average precision on the validation "
        "split. Quantity stages keep the epoch with the lowest squared error. I-F1 at k is also logged, but "
        "on small splits it ties too often to choose by.",
    ),
    Departure(
        "The `tiny` backbone",
        '`model.backbone = "tiny"` is a bottleneck ResNet with the same five taps, for small machines. The '
        "default is ResNet-101, as in the paper.",
    ),
    Departure(
        'The row "CNN, trained as long"',
        "MS-CNN starts from a finished CNN, so it has had more training steps. The optional stage "
        "`cnn_longer` trains the CNN for as long as MS-CNN's stage takes. The paper has no such control. A "
        "second one is `cnn_scales`, a head on the averages over the last `model.pooled_maps` maps.",
    ),
    Departure(
        "Dropout in the tag encoder",
        "With a few thousand images the tag encoder overfits. While it trains, `model.tag_dropout` is the "
        "probability that a tag is hidden, and the rate of dropout after its hidden layers. The paper states "
        "none, and it is off by default.",
    ),
    Departure(
        "Classifiers that start at the label frequencies",
        "From biases of zero, a thousand steps of training leave all rare labels about equally probable. "
        '`model.classifier_start = "frequencies"` starts the biases at the log odds of the labels\' '
        "frequencies among training images. The paper states no initialisation, and it is off by default.",
    ),
    Departure(
        "Heads on fixed features",
        "The paper fine-tunes the CNN from a new head. The optional stage `cnn_head` trains that head on the "
        'pretrained CNN first, and `cnn` starts from it; its own row is "CNN, not fine-tuned". '
        '`model.feature_scaling = "standardized"` gives the features that heads read mean 0 and standard '
        "deviation 1, and `model.flip_average` averages them over an image and its mirror image. The paper "
        "states none of the three, and they are off by default.",
    ),
    Departure(
        "Joint training",
        'The paper trains its branches separately. It leaves training "in a single process" to future work, '
        "for fear of overfitting (Sec. III-D). The optional stage `joint` starts from the weights of the "
        "other stages and trains all branches together, on the sum of equations 4 and 5, each with weight "
        "1. It is off in every shipped configuration; `--set stages.joint.epochs=2 --set "
        'stages.joint.learning_rate=0.001` turns it on. Its rows are ours and are called "Joint". Exports '
        "and annotations use the branches of Algorithm 1.",
    ),
    Departure(
        "Re-estimation of batch-norm statistics",
        "Batch-norm statistics are re-estimated over `training.reestimate_batches` batches, before each "
        "validation and for a stage's final weights [1]. 0 keeps the moving statistics.",
    ),
    Departure(
        "MS-CNN's head starts from CNN's head",
        'Line 2 of Algorithm 1 initialises MS-CNN "with the finetuned CNN". We take that to include the '
        "fully connected layer of the CNN's stage.",
    ),
    Departure(
        "A validation split",
        "Part of the training images is held out and picks each stage's best epoch. The paper names only "
        "training and test images. Here the test images pick nothing. `training.refit_of` trains on both "
        "parts afterwards, with what validation chose.",
    ),
    Departure(
        "Photographs without tags",
        "The paper drops them. Here an image without a tag of the vocabulary is annotated by the heads on f "
        "or by those on f_v, whichever have the higher I-F1 on validation images whose tags are hidden: "
        '`evaluation.untagged = "validation"`, the default. `"joint"` follows the paper\'s classifier. '
        "`untagged_share` of the stages `classifier` and `quantity` hides the tags of a share of training "
        "images, and is 0 by default. `mmannot evaluate --tagged` scores as the paper does.",
    ),
    Departure(
        "The regressor's last bias starts at the mean quantity",
        '`model.quantity_bias = "mean"` saves the first steps, which would only learn this mean; "zero" is '
        "the usual start value.",
    ),
    Departure(
        "C-R where a class has no true label in the split",
        "Equation 6 gives 0/0 for the recall of such a class. C-R leaves the class out of its mean, because "
        "no annotator could get it right. C-P stays a mean over all C classes. The paper's test sets "
        "contain every class, so its numbers do not change. A small test split may lack some classes; the "
        "evaluation says how many (`classes`, `classes_present`).",
    ),
    Departure(
        "More rows, as later papers report them",
        "Each scorer also has its mAP, a row that selects every label with a probability above "
        "`evaluation.threshold`, and a row with the threshold that has the highest I-F1 on validation. The "
        "tag encoder alone has rows, too. `evaluation.other_k` adds rows with other numbers of labels.",
    ),
)
