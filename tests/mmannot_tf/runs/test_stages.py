import pytest

from mmannot_tf.runs.plan import BRANCH_KEYS
from mmannot_tf.runs.stage import as_mapping, unwrap_single
from mmannot_tf.runs.stages import KNOWN, METHOD_STAGES, STAGES, is_view, owner
from mmannot_tf.training.network import BUILDERS


@pytest.mark.parametrize("stage", STAGES.values(), ids=lambda stage: stage.name)
class TestEveryStage:
    def test_trains_branches_of_its_own_and_always_its_heads(self, stage):
        assert set(stage.heads) <= set(stage.trains) <= set(stage.branches)

    def test_takes_frozen_branches_from_an_earlier_stage(self, stage):
        frozen = {name for name in stage.branches if name not in stage.trains} - {"pooling"}
        assert frozen <= set(stage.starts_from)

    def test_is_made_from_earlier_stages_only(self, stage):
        order = list(STAGES)
        made_from = [
            earlier
            for name in stage.upstream
            for earlier in (KNOWN[name].upstream if is_view(KNOWN[name]) else [name])
        ]
        assert all(order.index(name) < order.index(stage.name) for name in made_from)

    def test_has_builders_and_keys_for_its_branches(self, stage):
        assert set(stage.branches) <= set(BUILDERS)
        assert set(stage.branches) <= set(BRANCH_KEYS)

    def test_reads_features_only_where_it_says_whose(self, stage):
        assert bool(stage.features) == ("features" in stage.reads)

    def test_predicts_each_target_once_and_several_only_from_images_and_tags(self, stage):
        assert len(set(stage.targets)) == len(stage.targets)
        assert (len(stage.targets) > 1) == (stage.reads == ("images", "tags"))


def test_the_order_is_algorithm_1s():
    order = ["cnn", "ms_cnn", "tag_encoder", "classifier", "quantity"]
    assert [name for name in STAGES if name in order] == order


def test_owner_follows_frozen_branches_to_the_stage_that_trained_them():
    assert owner(STAGES["ms_cnn"], "backbone") == "cnn"
    assert owner(STAGES["ms_cnn"], "fusion") == "ms_cnn"
    assert owner(STAGES["cnn_longer"], "backbone") == "cnn_longer"
    assert owner(STAGES["cnn"], "pooling") == "cnn"
    assert {owner(STAGES["joint"], name) for name in STAGES["joint"].branches} == {"joint"}


def test_parts_are_passed_bare_where_there_is_one_and_by_name_where_there_are_more():
    assert unwrap_single({"labels": 1}) == 1
    assert as_mapping(("labels",), 1) == {"labels": 1}
    assert unwrap_single({"labels": 1, "quantity": 2}) == {"labels": 1, "quantity": 2}
    assert as_mapping(("labels", "quantity"), {"labels": 1, "quantity": 2}) == {"labels": 1, "quantity": 2}


@pytest.mark.parametrize("stage", METHOD_STAGES.values(), ids=lambda stage: stage.name)
class TestEveryComparedSystem:
    def test_reads_the_feature_of_a_known_stage(self, stage):
        assert set(stage.features) <= set(KNOWN)
