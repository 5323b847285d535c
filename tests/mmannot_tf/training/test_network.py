import numpy as np
import pytest

from mmannot_tf.models.geometry import KERAS
from mmannot_tf.runs.stage import as_mapping
from mmannot_tf.runs.stages import STAGES
from mmannot_tf.training.network import NetworkSpec, build_network
from mmannot_tf.weights.provenance import CENTRED, Provenance

RANDOM = Provenance("random", "tiny", None, KERAS, CENTRED, None)


@pytest.fixture
def spec(tiny_config):
    return NetworkSpec(tiny_config, labels=14, tags=40, provenance=RANDOM, mean_quantity=2.75)


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES.values(), ids=lambda stage: stage.name)
def test_only_the_stages_own_branches_are_trainable(spec, stage):
    network = build_network(stage, spec, feature_size=32)
    expected = [weight.path for name in stage.trains for weight in network.branches[name].trainable_weights]
    assert sorted(weight.path for weight in network.model.trainable_weights) == sorted(expected)
    assert expected


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES.values(), ids=lambda stage: stage.name)
def test_outputs_are_a_logit_a_label_or_one_quantity(spec, stage):
    outputs = as_mapping(stage.targets, build_network(stage, spec, feature_size=32).model.output)
    shapes = {"labels": (None, 14), "quantity": (None,)}
    assert {target: output.shape for target, output in outputs.items()} == {
        target: shapes[target] for target in stage.targets
    }


def test_the_joint_network_is_its_branches_fed_as_in_algorithm_2(spec):
    network = build_network(STAGES["joint"], spec)
    model, branches = network.model, network.branches
    rng = np.random.default_rng(0)
    images = rng.normal(size=(3, 32, 32, 3)).astype(np.float32)
    tags = rng.permuted(np.tile(np.arange(40, dtype=np.int32), (3, 1)), axis=1)[:, :5]
    visual, textual = branches["fusion"](branches["backbone"](images)), branches["tag_encoder"](tags)
    feature = np.concatenate([visual, textual], axis=1)
    outputs = model({"images": images, "tags": tags})
    np.testing.assert_allclose(outputs["labels"], branches["classifier"](feature), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(outputs["quantity"], branches["quantity"](feature), rtol=1e-5)


def test_the_quantity_bias_starts_at_the_mean_quantity(spec):
    network = build_network(STAGES["quantity"], spec, feature_size=8)
    np.testing.assert_allclose(network.model(np.zeros((1, 8))), [2.75], rtol=1e-6)


def test_the_quantity_bias_can_start_at_zero(spec, tiny_config):
    model = tiny_config.model.model_copy(update={"quantity_bias": "zero"})
    config = tiny_config.model_copy(update={"model": model})
    network = build_network(STAGES["quantity"], NetworkSpec(config, 14, 40, RANDOM, 2.75), feature_size=8)
    np.testing.assert_allclose(network.model(np.zeros((1, 8))), [0.0], atol=1e-7)


@pytest.mark.parametrize(
    ("asked", "of_weights", "expected"),
    [("weights", 1e-5, 1e-5), ("weights", None, 1e-3), (2e-4, 1e-5, 2e-4)],
)
def test_the_backbones_epsilon_is_the_weights_own_unless_asked_otherwise(
    tiny_config, asked, of_weights, expected
):
    model = tiny_config.model.model_copy(update={"backbone_epsilon": asked})
    provenance = Provenance("tests", "tiny", of_weights, KERAS, CENTRED, None)
    spec = NetworkSpec(tiny_config.model_copy(update={"model": model}), 14, 40, provenance)
    assert spec.backbone_epsilon == expected
