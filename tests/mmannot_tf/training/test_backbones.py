"""One check for every kind of backbone: each stage trains, resumes to the same bits, and is exported."""

import keras
import pytest
from tiers import exhaustive

from mmannot_tf.config.loading import parse
from mmannot_tf.runs.configured_stages import configured_stages, stage_named
from mmannot_tf.runs.plan import stage_digest
from mmannot_tf.serving.engines.catalogue import FORMATS, HEADS
from mmannot_tf.serving.exporting.export import export
from mmannot_tf.training.inference.trained_branches import trained_branch
from mmannot_tf.training.train import train
from tfrecords_tools.shell.errors import UserError

OWN = {"taps": ["fine", "third/input", "third"], "weights": "own"}
NETWORKS = {
    "mobilenet_v3_small": 32,
    "convnext_tiny": 32,
    "efficientnet_v2_b0": 32,
    "densenet121": 32,
    "resnet50_v2": 32,
    "inception_v3": 80,
}
"""A network of each kind, and the smallest images that it takes."""


@pytest.fixture
def own_file(tmp_path):
    """A network with what needs care: random layers, layers that Keras named, a sum, a classifier."""
    image = keras.Input((32, 32, 3))
    x = keras.layers.Conv2D(4, 3, strides=2, padding="same")(image)
    fine = keras.layers.ReLU(name="fine")(keras.layers.BatchNormalization()(x))
    x = keras.layers.Conv2D(8, 3, strides=2, padding="same", name="second")(fine)
    x = keras.layers.Dropout(0.3)(x + keras.layers.Conv2D(8, 3, padding="same")(x))
    deep = keras.layers.Conv2D(8, 3, strides=2, padding="same", name="third")(x)
    top = keras.layers.Dense(10)(keras.layers.GlobalAveragePooling2D()(deep))
    keras.Model(image, top).save(tmp_path / "own.keras")
    return tmp_path / "own.keras"


def config_for(tiny_config, backbone, *, image_size=32, **model):
    settings = tiny_config.model_dump(mode="json", exclude_none=True)
    settings["model"] |= {"backbone": str(backbone), **model}
    settings["data"] |= {
        "image_size": image_size,
        "preprocessing": "torch" if model.get("taps") else "weights",
    }
    for stage in settings["stages"].values():
        stage["epochs"] = 1
    if backbone == "inception_v3":  # of one scale
        del settings["stages"]["ms_cnn"]
    return parse(settings, "test")


def check(config, records, folder, killed_after, saving_each_step, *, stages=None):
    """Trains twice, once with a kill in the stage that moves the backbone; returns the run."""
    config, what = saving_each_step(config), {"data": records.path, "stages": stages}
    whole = train(config, **what, run=folder / "whole")
    with killed_after(1) as kill:
        train(config, **what, run=folder / "killed", after_step=kill)
    resumed = train(config, **what, run=folder / "killed")
    for name in stages or [stage.name for stage in configured_stages(config)]:
        assert stage_digest(resumed, name) == stage_digest(whole, name) is not None, name
    return whole


@pytest.mark.parametrize("stages", exhaustive([["cnn"], None]))
def test_a_file_trains_and_resumes_to_the_same_bits(
    stages, tiny_config, tiny_records, own_file, tmp_path, killed_after, saving_each_step
):
    config = config_for(tiny_config, own_file, **OWN)
    check(config, tiny_records, tmp_path, killed_after, saving_each_step, stages=stages)


@pytest.mark.exhaustive
def test_a_file_is_exported_in_all_formats(tiny_config, tiny_records, own_file, tmp_path):
    """Each format is compared with the model in memory when it is written."""
    run = train(config_for(tiny_config, own_file, **OWN), data=tiny_records.path, run=tmp_path / "run")
    export(run, tmp_path / "export", formats=[name for name in FORMATS if name != HEADS])


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_trains_resumes_and_is_exported_in_all_formats(
    name, tiny_config, tiny_records, tmp_path, killed_after, saving_each_step
):
    config = config_for(tiny_config, name, image_size=NETWORKS[name])
    run = check(config, tiny_records, tmp_path, killed_after, saving_each_step)
    export(run, tmp_path / "export", formats=[kind for kind in FORMATS if kind != HEADS])


MOVING = {"conv2": {"second", "third"}, "conv3": {"third"}}
"""The named convolutions behind the map that ends the group before."""


@pytest.mark.parametrize("group", ["conv3", *exhaustive(["conv2"])])
def test_a_group_ends_with_a_map(group, tiny_config, tiny_records, own_file, tmp_path):
    """Layers up to the map before the group stay as they are."""
    settings = config_for(tiny_config, own_file, **OWN).model_dump(mode="json", exclude_none=True)
    settings["stages"]["cnn"]["trained_from"] = group
    run = train(parse(settings, "test"), data=tiny_records.path, run=tmp_path / "run", stages=["cnn"])
    backbone = trained_branch(run, stage_named(run.config, "cnn"), "backbone", None)
    before = keras.saving.load_model(own_file)
    moved = {
        name
        for name in ("second", "third")
        if (backbone.get_layer(name).get_weights()[0] != before.get_layer(name).get_weights()[0]).any()
    }
    assert moved == MOVING[group]


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"taps": []}, "needs model.taps"),
        ({"weights": "imagenet"}, '"own" or "random"'),
        ({"backbone": "resnet50"}, "are for a file"),
    ],
)
def test_a_file_with_other_keys_is_refused(tiny_config, own_file, changes, match):
    with pytest.raises(UserError, match=match):
        config_for(tiny_config, **{"backbone": own_file, **OWN, **changes})


def test_maps_that_cannot_be_fused_are_refused_before_anything_trains(
    tiny_config, tiny_records, own_file, tmp_path
):
    taps = ["third", "fine"]
    config = config_for(tiny_config, own_file, **{**OWN, "taps": taps})
    with pytest.raises(UserError, match="maps at its taps"):
        train(config, data=tiny_records.path, run=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_network_of_one_scale_has_no_fusion_blocks(tiny_config):
    settings = tiny_config.model_dump(mode="json", exclude_none=True)
    settings["model"]["backbone"] = "inception_v3"
    with pytest.raises(UserError, match="several scales"):
        parse(settings, "test")
