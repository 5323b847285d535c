import pytest

from mmannot_tf.baselines import METHODS
from mmannot_tf.config.methods import Methods
from mmannot_tf.evaluation.rows import ROWS
from mmannot_tf.paper.tables import table
from mmannot_tf.runs.plan import BRANCH_KEYS
from mmannot_tf.runs.stage import bare, named
from mmannot_tf.runs.stages import KNOWN, METHOD_STAGES, STAGES, owner
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
        assert all(order.index(name) < order.index(stage.name) for name in stage.upstream)

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
    assert bare({"labels": 1}) == 1
    assert named(("labels",), 1) == {"labels": 1}
    assert bare({"labels": 1, "quantity": 2}) == {"labels": 1, "quantity": 2}
    assert named(("labels", "quantity"), {"labels": 1, "quantity": 2}) == {"labels": 1, "quantity": 2}


@pytest.mark.parametrize("stage", METHOD_STAGES.values(), ids=lambda stage: stage.name)
class TestEveryComparedSystem:
    def test_reads_the_feature_of_a_known_stage(self, stage):
        assert set(stage.features) <= set(KNOWN)

    def test_reads_tags_where_its_method_says_so(self, stage):
        assert ("tags" in stage.reads) == ("tags" in METHODS[stage.name].reads)


def test_systems_settings_rows_and_methods_are_the_same():
    rows = [row.scorer for row in ROWS if row.source in ("compared", "later")]
    assert set(METHOD_STAGES) == set(METHODS) == set(Methods.model_fields) == set(rows)
    assert list(METHODS) == rows


def test_systems_and_whether_they_decide_the_quantity_are_those_of_table_iii():
    titles = {row.scorer: row.method for row in ROWS}
    printed = {row.system: row for row in table("III")}
    compared = [row.scorer for row in ROWS if row.source == "compared"]
    assert [titles[name] for name in compared] == [
        name for name in printed if name not in ("Upper bound", "Ours")
    ]
    decides = {name for name in compared if METHODS[name].predicts_quantity}
    assert decides == {name for name in compared if printed[titles[name]].quantity_prediction} - {"sinn"}
