import pytest

from mmannot_tf.training.network import BUILDERS
from mmannot_tf.training.plan import BRANCH_KEYS
from mmannot_tf.training.stages import STAGES, owner


@pytest.mark.parametrize("stage", STAGES.values(), ids=lambda stage: stage.name)
class TestEveryStage:
    def test_trains_branches_of_its_own_path(self, stage):
        assert set(stage.trains) <= set(stage.path)
        assert stage.head in stage.trains

    def test_takes_frozen_branches_from_an_earlier_stage(self, stage):
        frozen = {name for name in stage.path if name not in stage.trains} - {"pooling"}
        assert frozen <= set(stage.starts_from)

    def test_is_made_from_earlier_stages_only(self, stage):
        order = list(STAGES)
        assert all(order.index(name) < order.index(stage.name) for name in stage.upstream)

    def test_has_builders_and_keys_for_its_branches(self, stage):
        assert set(stage.path) <= set(BUILDERS)
        assert set(stage.path) <= set(BRANCH_KEYS)

    def test_reads_features_only_where_it_says_whose(self, stage):
        assert bool(stage.features) == (stage.reads == "features")


def test_the_order_is_algorithm_1s():
    assert list(STAGES) == [
        "cnn",
        "cnn_longer",
        "ms_cnn",
        "tag_encoder",
        "classifier",
        "quantity_visual",
        "quantity",
    ]


def test_owner_follows_frozen_branches_to_the_stage_that_trained_them():
    assert owner(STAGES["ms_cnn"], "backbone") == "cnn"
    assert owner(STAGES["ms_cnn"], "fusion") == "ms_cnn"
    assert owner(STAGES["cnn_longer"], "backbone") == "cnn_longer"
    assert owner(STAGES["cnn"], "pooling") == "cnn"
