"""A changed reading of the paper makes the stages that depend on it stale: one case per key."""

import dataclasses

import pytest

from mmannot_tf.config.loading import parse
from mmannot_tf.paper.readings import configuration_keys
from mmannot_tf.runs import plan
from mmannot_tf.runs.configured_stages import configured_stages

CNN = ["cnn", "cnn_longer"]
VISUAL = [*CNN, "ms_cnn"]
CACHED = ["classifier", "quantity_visual", "quantity"]
ALL = [*VISUAL, "tag_encoder", *CACHED]
CONCERNS = {
    "model.batch_norm_momentum": (0.5, VISUAL),
    "training.reestimate_batches": (0, ALL),
    "training.weight_decay": ("ema", ALL),
    "model.backbone_epsilon": (1e-4, VISUAL),
    "model.block_epsilon": (1e-5, VISUAL),
    "training.loss_reduction": ("mean", ALL),
    "training.batch_size": (8, ALL),
    "data.augmentation": ("flip", VISUAL),
    "model.fusion_gamma": (0.1, ["ms_cnn"]),
    "model.tag_hidden": ([8, 8], ["tag_encoder"]),
    "model.dropout": (0.1, ["quantity_visual", "quantity"]),
    "data.vocabulary_size": (20, ["tag_encoder"]),
    "data.image_size": (48, VISUAL),
    "data.preprocessing": ("caffe", VISUAL),
    "data.orientation": ("ignored", VISUAL),
    "data.resize": ("tf1", VISUAL),
    "evaluation.k": (2, []),
    "evaluation.never_predicted": ("left_out", []),
    "evaluation.quantity_rounding": ("down", []),
    "evaluation.least_quantity": (0, []),
    "evaluation.image_average": ("ratios", []),
}
"""Another value of each key, and the stages made from it directly; those made from these follow by digest."""


def test_every_key_of_a_reading_has_its_case():
    assert set(CONCERNS) == {key.name for key, _ in configuration_keys()}


@pytest.mark.parametrize("key", CONCERNS)
def test_a_reading_makes_stale_what_it_concerns_and_nothing_else(tiny_run, key):
    value, expected = CONCERNS[key]
    document = tiny_run.config.model_dump(mode="json")
    *sections, last = key.split(".")
    place = document
    for section in sections:
        place = place[section]
    assert place[last] != value
    place[last] = value
    changed = dataclasses.replace(tiny_run, config=parse(document, "test"))
    stale = [stage.name for stage in configured_stages(changed.config) if plan.staleness(changed, stage)]
    assert stale == expected
