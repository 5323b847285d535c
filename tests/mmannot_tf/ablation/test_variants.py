import pytest

from mmannot_tf.ablation.variants import Variant, variants
from tfrecords_tools.shell.errors import UserError


def test_every_other_value_of_the_named_readings_follows_the_configuration_as_it_is(tiny_config):
    named = variants(tiny_config, ["weight_decay", "training.loss_reduction"])
    assert [variant.name for variant in named] == [
        "as configured",
        "training.weight_decay = ema",
        "training.weight_decay = ema_num_updates",
        "training.weight_decay = shrink",
        "training.weight_decay = literal",
        "training.weight_decay = none",
        "training.loss_reduction = mean",
    ]


def test_a_number_names_all_keys_of_its_reading_once(tiny_config):
    names = {variant.key for variant in variants(tiny_config, ["1", "reestimate_batches"])}
    assert names == {"", "model.batch_norm_momentum", "training.reestimate_batches"}
    assert len(variants(tiny_config, ["1", "reestimate_batches"])) == 1 + 2


def test_what_is_configured_is_not_tried_again(tiny_config):
    changed = tiny_config.model_copy(
        update={"training": tiny_config.training.model_copy(update={"weight_decay": "ema"})}
    )
    values = [variant.value for variant in variants(changed, ["2"])[1:]]
    assert values == ["l2", "ema_num_updates", "shrink", "literal", "none"]


def test_a_variant_changes_its_key_and_the_seed_and_nothing_else(tiny_config):
    read = Variant("training.weight_decay", "shrink").of(tiny_config, seed=7)
    expected = tiny_config.training.model_copy(update={"weight_decay": "shrink", "seed": 7})
    assert read == tiny_config.model_copy(update={"training": expected})


@pytest.mark.parametrize("name", ["weight", "99", "7", "backbone_epsilon"])
def test_what_cannot_be_tried_is_named(tiny_config, name):
    with pytest.raises(UserError, match=f"Received: {name}"):
        variants(tiny_config, [name])
