import dataclasses
import shutil

import pytest

from mmannot_tf.config.loading import parse
from mmannot_tf.runs import plan
from mmannot_tf.runs.configured_stages import configured_stages, select_stages
from mmannot_tf.runs.run import open_run
from mmannot_tf.runs.stage_record import read_record, write_record
from mmannot_tf.runs.stages import STAGES
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import digest

TRAINED = [name for name in STAGES if name not in ("cnn_head", "cnn_scales")]
"""The stages of the tiny run."""


@pytest.fixture
def run(tiny_run, tmp_path):
    """A copy of the trained run, free to be changed."""
    return open_run(shutil.copytree(tiny_run.path, tmp_path / "run"))


def _with(run, key, value):
    settings = run.config.model_dump(mode="json")
    section = settings
    *sections, last = key.split(".")
    for name in sections:
        section = section[name]
    section[last] = value
    return dataclasses.replace(run, config=parse(settings, "test"))


def _stale(run) -> list[str]:
    return [stage.name for stage in configured_stages(run.config) if plan.staleness(run, stage)]


def test_a_finished_run_holds(run):
    assert _stale(run) == []


@pytest.mark.parametrize(
    ("key", "value", "stale"),
    [
        ("stages.cnn.epochs", 9, ["cnn"]),
        ("stages.quantity.learning_rate", 0.5, ["quantity"]),
        ("model.dropout", 0.1, ["quantity_visual", "quantity"]),
        ("model.tag_hidden", [8, 8], ["tag_encoder"]),
        ("training.momentum", 0.5, [name for name in TRAINED if name != "joint"]),
        ("stages.cnn.schedule", "cosine", ["cnn"]),
        ("stages.classifier.clip_norm", 1.0, ["classifier"]),
        ("training.average_decay", 0.9, [name for name in TRAINED if name != "joint"]),
        ("training.precision", "bfloat16", [name for name in TRAINED if name != "joint"]),
        ("training.jit_compile", True, []),
        ("evaluation.threshold", 0.4, []),
        ("evaluation.k", 2, []),
        ("training.checkpoint_seconds", 1.0, []),
    ],
)
def test_a_changed_key_makes_stale_what_it_concerns_and_nothing_else(run, key, value, stale):
    assert _stale(_with(run, key, value)) == stale


def test_a_stage_of_before_a_key_holds_with_the_keys_default(run):
    record = read_record(run, "tag_encoder")
    newer = ("schedule", "decay_epochs", "decay_factor", "warmup_epochs", "clip_norm", "patience")
    keys = [f"stages.tag_encoder.{key}" for key in (*newer, "l2_coefficient")]
    keys += ["training.l2_coefficient", "training.average_decay"]
    before = {key: value for key, value in record.made_from.items() if key not in keys}
    assert len(before) == len(record.made_from) - len(keys)
    of_before = digest([before, dict(record.weights)])
    write_record(run, dataclasses.replace(record, made_from=before, digest=of_before))
    assert plan.staleness(run, STAGES["tag_encoder"]) == []
    assert plan.staleness(_with(run, "stages.tag_encoder.patience", 3), STAGES["tag_encoder"]) == [
        "stages.tag_encoder.patience was None, is 3"
    ]


def test_the_reason_names_the_key_and_both_values(run):
    assert plan.staleness(_with(run, "stages.cnn.epochs", 9), STAGES["cnn"]) == [
        "stages.cnn.epochs was 2, is 9"
    ]


def test_a_stage_trained_again_makes_stale_what_was_made_from_it(run):
    (run.stage("cnn") / "weights" / "probe.weights.h5").write_bytes(b"trained again")
    plan.finish(run, STAGES["cnn"], {"best_epoch": 1})
    assert plan.staleness(run, STAGES["ms_cnn"]) == ["stage cnn changed"]
    assert plan.staleness(run, STAGES["tag_encoder"]) == []


def test_a_stale_stage_is_deleted_and_a_finished_one_kept(run):
    assert plan.is_finished(run, STAGES["cnn"])
    assert not plan.is_finished(_with(run, "stages.cnn.epochs", 9), STAGES["cnn"])
    assert not run.stage("cnn").exists()


def test_a_checkpoint_is_kept_only_for_the_same_inputs(run):
    plan.begin(run, STAGES["tag_encoder"])
    checkpoint = run.stage("tag_encoder") / "checkpoint"
    checkpoint.mkdir()
    plan.begin(run, STAGES["tag_encoder"])
    assert checkpoint.exists()
    plan.begin(_with(run, "stages.tag_encoder.epochs", 9), STAGES["tag_encoder"])
    assert not checkpoint.exists()


def test_a_finished_stage_has_no_checkpoint(run):
    folder = run.stage("tag_encoder")
    (folder / "checkpoint").mkdir()
    (folder / "begun.json").write_text("{}")
    plan.finish(run, STAGES["tag_encoder"], {"best_epoch": 1})
    assert not {"checkpoint", "begun.json"} & {file.name for file in folder.iterdir()}
    assert plan.is_finished(run, STAGES["tag_encoder"])


def test_the_cnns_last_map_is_as_old_as_the_cnn(run):
    assert plan.stage_digest(run, "cnn_map") == plan.stage_digest(run, "cnn") is not None


def test_weights_changed_after_training_are_named(run):
    file = run.weights("classifier", "classifier")
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(UserError, match=r"classifier\.weights\.h5, missing or changed"):
        plan.staleness(run, STAGES["classifier"])


def test_chosen_stages_keep_algorithm_1s_order(run):
    assert [stage.name for stage in select_stages(run.config, ["ms_cnn", "cnn"])] == ["cnn", "ms_cnn"]


def test_a_stage_that_is_none_is_refused_with_the_known_ones(run):
    with pytest.raises(UserError, match=r"cnn, .*quantity\)\. Received: cnnn"):
        select_stages(run.config, ["cnnn"])


def test_optional_stages_are_left_out_without_their_sections(run):
    settings = run.config.model_dump(mode="json")
    del settings["stages"]["cnn_longer"], settings["stages"]["joint"]
    names = [stage.name for stage in configured_stages(parse(settings, "test"))]
    assert names == [name for name in TRAINED if name not in ("cnn_longer", "joint")]


def test_the_joint_stage_depends_on_all_that_it_reads_and_starts_from(run):
    inputs = plan.stage_inputs(
        _with(run, "stages.joint", {"epochs": 1, "learning_rate": 0.1}), STAGES["joint"]
    )
    assert {name for name in inputs if name.startswith("stage ")} == {
        "stage cnn",
        "stage ms_cnn",
        "stage tag_encoder",
        "stage classifier",
        "stage quantity",
    }
    keys = {"data.image_size", "data.vocabulary_size", "model.fusion_gamma", "model.dropout"}
    assert keys | {"model.tag_hidden", "stages.joint.epochs", "backbone weights"} <= set(inputs)


def test_predictions_depend_on_the_stages_and_the_split(run):
    before = plan.predictions_digest(run, "test")
    assert before != plan.predictions_digest(run, "validation")
    shutil.rmtree(run.stage("quantity"))
    assert before != plan.predictions_digest(run, "test")


def _named(stages) -> list[str]:
    return [stage.name for stage in stages]


def test_stages_after_one_that_trains_again_are_outdated(run):
    trained = [name for name in TRAINED if name != "joint"]
    assert _named(plan.current_stages(run)) == trained and not plan.outdated_stages(run)
    changed = _with(run, "stages.cnn.epochs", 9)  # as a training that ended before `cnn` began
    assert _named(plan.current_stages(changed)) == ["tag_encoder"]
    assert _named(plan.outdated_stages(changed)) == [name for name in trained if name != "tag_encoder"]
    (run.stage("cnn") / "stage.json").unlink()  # as one that ended within `cnn`
    assert _named(plan.current_stages(run)) == ["tag_encoder"]
    assert _named(plan.outdated_stages(run)) == [n for n in trained if n not in ("cnn", "tag_encoder")]


def test_a_refit_is_current_without_the_run_that_it_refits(run):
    record = read_record(run, "tag_encoder")
    made_from = {**record.made_from, plan.KEPT_EPOCH: 1}
    refitted = dataclasses.replace(record, made_from=made_from, digest=digest([made_from, record.weights]))
    write_record(run, refitted)
    assert plan.is_current(_with(run, "training.refit_of", str(run.path.parent / "gone")), "tag_encoder")
