"""The settings proposed for a collection: heads on a network that is fixed, or fine-tuned."""

from collections.abc import Iterator
from typing import Literal

from mmannot_tf.proposal.collection import Collection
from mmannot_tf.proposal.head_sizes import head_sizes
from mmannot_tf.proposal.setting import Setting, SettingGroup

Way = Literal["frozen", "fine-tuned"]

FREQUENCIES_FROM = 2000
"""Training images from which classifiers start at the labels' frequencies: docs/learning-rates.md (ours)."""
FLIPS_UP_TO = 1000
"""Training images up to which an image and its mirror image are averaged: it takes twice the time (ours)."""


def groups_for(collection: Collection, way: Way) -> list[SettingGroup]:
    """The sections of a configuration that suits a collection."""
    return [
        _data(collection, way),
        _model(collection, way),
        _training(collection),
        *_stages(collection, way),
        _evaluation(collection),
    ]


def _data(collection: Collection, way: Way) -> SettingGroup:
    crops = (
        Setting(
            "augmentation",
            "crop-flip",
            "Each epoch sees other parts of the photographs, mirrored at random: fewer are learnt by heart.",
        ),
        Setting("least_crop_area", 0.5, "A part has at least half of the photograph's area."),
    )
    return SettingGroup(
        "data",
        "How photographs and tags are read.",
        (
            Setting("image_size", 224, "Pixels of the square that the network sees, as in its own training."),
            Setting("vocabulary_size", collection.vocabulary, _why_vocabulary(collection)),
            *(crops if way == "fine-tuned" else ()),
        ),
    )


def _why_vocabulary(collection: Collection) -> str:
    if not collection.vocabulary:
        return "No tag is on two training photographs: none is read, and stages that need tags are left out."
    return "How many tags are read: the most frequent ones, each in at least two training photographs."


def _model(collection: Collection, way: Way) -> SettingGroup:
    frequent = collection.training >= FREQUENCIES_FROM
    return SettingGroup(
        "model",
        "The network.",
        (
            Setting("backbone", "resnet50", "The network that sees: a ResNet-50."),
            Setting(
                "weights",
                "keras2016",
                "Its ImageNet weights, fetched once (95 MB) and checked; or the path of a file.",
            ),
            Setting(
                "feature_scaling",
                "standardized",
                "What heads read has mean 0 and deviation 1: they learn faster, and better.",
            ),
            Setting(
                "flip_average",
                way == "fine-tuned" or collection.training < FLIPS_UP_TO,
                "Averages a photograph and its mirror image: a little better, and twice the time.",
            ),
            Setting(
                "classifier_start",
                "frequencies" if frequent else "glorot",
                "Classifiers start at the labels' frequencies."
                if frequent
                else "Classifiers start at one half: with few photographs better than frequencies.",
            ),
            Setting(
                "tag_hidden", [256, 256], "Units of the two layers that read the tags; the paper has 2,048."
            ),
            Setting(
                "tag_dropout", 0.3, "The share of tags hidden in training, so that none is relied on alone."
            ),
        ),
    )


def _training(collection: Collection) -> SettingGroup:
    return SettingGroup(
        "training",
        "",
        (
            Setting(
                "batch_size",
                head_sizes(collection.training).batch_size,
                "Photographs a step: a sixteenth to an eighth of them, from 8 to 128.",
            ),
            Setting(
                "seed", 0, "Another seed gives another training; the differences between seeds are noise."
            ),
        ),
    )


def _stages(collection: Collection, way: Way) -> Iterator[SettingGroup]:
    sizes = head_sizes(collection.training)
    yield from (
        _fine_tuned_network(collection)
        if way == "fine-tuned"
        else [
            SettingGroup(
                "stages.cnn",
                f"{_from_photographs(collection)} The network is not moved.",
                (
                    Setting(
                        "backbone_rate", 0, "0: the network stays as it is; what it says is computed once."
                    ),
                    *_classifier(sizes.epochs, sizes.l2_coefficient),
                ),
            )
        ]
    )
    yield SettingGroup(
        "stages.tag_encoder",
        f"{_left_out(collection)}Labels from the tags alone.",
        _numbers(
            sizes.tag_epochs, 0.05, "Tags need a higher rate than photographs (docs/learning-rates.md)."
        ),
    )
    yield SettingGroup(
        "stages.classifier",
        f"{_left_out(collection)}Labels from photograph and tags together"
        f"{_final(bool(collection.vocabulary))}.",
        _classifier(sizes.epochs, sizes.l2_coefficient),
    )
    for name, why in (
        ("quantity_visual", "How many labels, from the photograph."),
        ("quantity", f"{_left_out(collection)}How many labels, from photograph and tags."),
    ):
        yield SettingGroup(f"stages.{name}", why, _quantity(sizes.epochs))


def _from_photographs(collection: Collection) -> str:
    return f"Labels from the photograph alone{_final(not collection.vocabulary)}."


def _final(is_final: bool) -> str:
    return ": what a finished model gives" if is_final else ""


def _left_out(collection: Collection) -> str:
    return "" if collection.vocabulary else "Left out in training, for no tag is read. "


def _fine_tuned_network(collection: Collection) -> list[SettingGroup]:
    sizes = head_sizes(collection.training)
    return [
        SettingGroup(
            "stages.cnn_head",
            "A first head on the network as it is; the next stage starts from it.",
            _classifier(sizes.epochs, sizes.l2_coefficient),
        ),
        SettingGroup(
            "stages.cnn",
            f"{_from_photographs(collection)} The network's last two groups of layers are fine-tuned.",
            (
                Setting("trained_from", "conv4", "The first group of layers that moves."),
                Setting("backbone_rate", 0.8, "How much slower the network moves than its head."),
                *_numbers(4, 0.0005, "A quarter of a head's rate: the network is trained already."),
                Setting("warmup_epochs", 0.2, "The rate rises over the first fifth of an epoch."),
                Setting("batch_size", 32, "Photographs a step: what fits in the memory of most machines."),
            ),
        ),
    ]


def _classifier(epochs: int, l2_coefficient: float) -> tuple[Setting, ...]:
    return (
        *_numbers(epochs, 0.002, "For a head on fixed features of mean 0 and deviation 1."),
        Setting(
            "l2_coefficient", l2_coefficient, "Keeps the head simple: fewer photographs, higher coefficient."
        ),
    )


def _quantity(epochs: int) -> tuple[Setting, ...]:
    return (
        *_numbers(epochs, 0.0005, "A squared error has steeper gradients than a classifier."),
        Setting("l2_coefficient", 0.3, "Keeps the regressor simple."),
        Setting("clip_norm", 50.0, "The longest step's gradient: one unusual batch cannot throw it off."),
    )


def _numbers(epochs: int, rate: float, why_rate: str) -> tuple[Setting, ...]:
    return (
        Setting(
            "epochs", epochs, "Passes over the training photographs; the best one on validation is kept."
        ),
        Setting("learning_rate", rate, why_rate),
        Setting("schedule", "cosine", "The rate falls to 0 over all epochs."),
    )


def _evaluation(collection: Collection) -> SettingGroup:
    return SettingGroup(
        "evaluation",
        "",
        (
            Setting(
                "k",
                min(collection.labels, max(1, round(collection.labels_per_image))),
                "Rows with a fixed number of labels give so many: the mean of your photographs, rounded.",
            ),
        ),
    )
