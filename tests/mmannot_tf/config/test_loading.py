from pathlib import Path

import pytest
import tomli_w
from pydantic import ValidationError

from mmannot_tf.config import loading
from mmannot_tf.config.settings import TrainingSettings
from mmannot_tf.config.stage import StageSettings
from tfrecords_tools.shell.errors import UserError

STAGES = {
    name: {"epochs": 1, "learning_rate": 0.1}
    for name in ("cnn", "ms_cnn", "tag_encoder", "classifier", "quantity_visual", "quantity")
}


def _refused(settings) -> str:
    with pytest.raises(UserError) as caught:
        loading.parse({"stages": STAGES, **settings}, "test.toml")
    message = str(caught.value)
    if "\n" in message:
        pytest.fail(f"more than one line: {message}")
    return message


@pytest.mark.parametrize("name", loading.shipped())
def test_shipped_configurations_survive_a_round_trip(name, tmp_path):
    config = loading.load(name)
    copy = tmp_path / "copy.toml"
    copy.write_text(loading.dump(config), encoding="utf-8")
    assert loading.load(copy) == config


def test_keys_that_a_runs_configuration_lacks_have_their_former_values(tmp_path):
    file = tmp_path / "config.toml"
    file.write_text(tomli_w.dumps({"stages": STAGES}))
    data = loading.load_recorded(file).data
    assert (data.orientation, data.resize) == ("ignored", "half_pixel")
    file.write_text(tomli_w.dumps({"stages": STAGES, "data": {"resize": "tf1"}}))
    data = loading.load_recorded(file).data
    assert (data.orientation, data.resize) == ("ignored", "tf1")
    data = loading.load(file).data
    assert (data.orientation, data.resize) == ("exif", "tf1")


def test_keys_that_are_not_stated_stay_as_recorded_and_stated_ones_do_not():
    recorded = loading.parse({"stages": STAGES, "data": {"resize": "tf1", "orientation": "ignored"}}, "run")
    config, kept = loading.keep_recorded(
        loading.parse({"stages": STAGES, "data": {"resize": "antialiased"}}, "own"), recorded
    )
    assert (config.data.orientation, config.data.resize) == ("ignored", "antialiased")
    assert kept == {"data.orientation": "ignored"}
    assert loading.keep_recorded(recorded, config) == (recorded, {})


@pytest.mark.parametrize("name", loading.shipped())
def test_the_readme_names_each_shipped_configuration(name):
    readme = Path(__file__).resolve().parents[3] / "docs" / "training.md"
    assert f"`{name}`" in readme.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "visual", "textual"),
    [("nus_wide_printed", 0.001, 0.1), ("mscoco", 0.002, 0.0001)],
)
def test_the_papers_settings_stand_in_its_two_configurations(name, visual, textual):
    """Sec. IV-A3."""
    config = loading.load(name)
    stages = config.stages
    assert [stages.cnn.learning_rate, stages.ms_cnn.learning_rate, stages.classifier.learning_rate] == [
        visual
    ] * 3
    rates = [
        stages.tag_encoder.learning_rate,
        stages.quantity.learning_rate,
        stages.quantity_visual.learning_rate,
    ]
    assert rates == [textual] * 3
    assert (config.training.momentum, config.model.batch_norm_momentum) == (0.9, 0.9997)
    assert (config.model.backbone, config.data.image_size, config.data.vocabulary_size) == (
        "resnet101",
        224,
        1000,
    )
    assert (config.model.tag_hidden, config.model.quantity_hidden) == ((2048, 2048), (512, 256))
    assert config.model.dropout == 0.5


def test_nus_wide_differs_from_the_printed_settings_in_stages_that_diverge_alone():
    ours, printed = (
        loading.flatten(loading.load(name).model_dump(mode="json"))
        for name in ("nus_wide", "nus_wide_printed")
    )
    assert {key for key in printed if ours[key] != printed[key]} == {
        f"stages.{stage}.{key}"
        for stage in ("quantity", "quantity_visual")
        for key in ("learning_rate", "clip_norm")
    }


def test_an_unknown_key_is_named_with_the_nearest_one():
    message = _refused({"training": {"batchsize": 3}})
    assert "unknown key training.batchsize (nearest: training.batch_size)" in message


def test_a_wrong_type_is_named_with_what_came():
    assert "training.momentum" in _refused({"training": {"momentum": "fast"}})
    assert "'fast'" in _refused({"training": {"momentum": "fast"}})


def test_a_missing_section_is_named():
    with pytest.raises(UserError, match="stages must be given"):
        loading.parse({}, "test.toml")


def test_an_impossible_pair_is_refused_before_any_data_is_read():
    message = _refused({"model": {"backbone": "tiny", "weights": "imagenet"}})
    assert "imagenet" in message
    assert "tiny" in message


def test_overrides_replace_what_the_file_says_as_toml_or_as_bare_words():
    overrides = ["training.batch_size=7", "model.weights=some/file.h5", "model.tag_hidden=[8, 9]"]
    config = loading.load("quickstart", overrides)
    assert config.training.batch_size == 7
    assert config.model.weights == "some/file.h5"
    assert config.model.tag_hidden == (8, 9)


@pytest.mark.parametrize("override", ["training.batch_size", "training.batch_size.x=3"])
def test_an_override_that_is_none_is_refused(override):
    with pytest.raises(UserError, match="--set"):
        loading.load("quickstart", ["training.batch_size=7", override])


def test_no_such_file_names_the_shipped_ones(tmp_path):
    with pytest.raises(UserError, match="quickstart"):
        loading.load(tmp_path / "none.toml")


def test_broken_toml_is_named_with_its_place(tmp_path):
    broken = tmp_path / "broken.toml"
    broken.write_text("[data\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"broken\.toml.*line 1"):
        loading.load(broken)


def test_keys_cover_sections_and_their_members():
    keys = loading.keys()
    assert {"data", "data.image_size", "stages.cnn_longer.epochs", "evaluation.k"} <= set(keys)
    assert len(keys) == len(set(keys))


def test_a_slower_backbone_under_adam_is_refused():
    rates = {"epochs": 1, "learning_rate": 0.1, "backbone_rate": 0.5, "optimizer": "adam"}
    with pytest.raises(ValidationError, match="backbone_rate scales gradients, which Adam undoes"):
        StageSettings(**rates)
    assert StageSettings(**{**rates, "optimizer": "sgd"}).backbone_rate == 0.5


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"schedule": "steps"}, "decay_epochs belong to schedule"),
        ({"decay_epochs": [3]}, "decay_epochs belong to schedule"),
        ({"schedule": "steps", "decay_epochs": [3, 3]}, "decay_epochs must grow"),
        ({"schedule": "steps", "decay_epochs": [3, 8]}, "decay_epochs must grow and lie within"),
        ({"warmup_epochs": 8.0}, "warmup_epochs must be fewer"),
    ],
)
def test_a_schedule_that_does_not_fit_its_stage_is_refused(settings, complaint):
    rates = {"epochs": 8, "learning_rate": 0.1}
    with pytest.raises(ValidationError, match=complaint):
        StageSettings(**rates, **settings)
    StageSettings(**rates, schedule="steps", decay_epochs=[3, 7], warmup_epochs=7.5)


@pytest.mark.parametrize("other_k", [[5, 5], [3]])
def test_a_number_of_labels_that_has_rows_already_is_refused(other_k):
    assert "evaluation.other_k must be different numbers" in _refused({"evaluation": {"other_k": other_k}})


def test_candidates_of_a_coefficient_without_effect_are_refused():
    settings = loading.load("mirflickr_small").model_dump(mode="json", exclude_none=True)
    settings["stages"]["classifier"]["l2_candidates"] = [0.1, 1.0]
    loading.parse(settings, "test")
    settings["training"]["weight_decay"] = "shrink"
    with pytest.raises(UserError, match=r"stages\.classifier\.l2_candidates needs .* Received: \"shrink\""):
        loading.parse(settings, "test")


@pytest.mark.parametrize("reading", ["ema", "ema_num_updates"])
def test_weights_are_averaged_once(reading):
    with pytest.raises(ValidationError, match=r"excludes training\.average_decay"):
        TrainingSettings(weight_decay=reading, average_decay=0.9)
