"""A configuration without `stages.ms_cnn`: the CNN's feature is f_v for the stages after it."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

import mmannot_tf
from mmannot_tf.cli.main import main
from mmannot_tf.config.loading import parse
from mmannot_tf.config.settings import EvaluationSettings
from mmannot_tf.evaluation.rows import evaluate
from mmannot_tf.runs.configured_stages import select_stages, stage_named
from mmannot_tf.runs.plan import outdated_stages
from mmannot_tf.serving.annotating.annotator import DEFAULT_ENGINE, Annotator
from mmannot_tf.serving.model import model_of, required_stages
from mmannot_tf.training.inference.trained_branches import network_spec_of
from mmannot_tf.training.network import BUILDERS
from mmannot_tf.training.session import open_session
from mmannot_tf.training.train import train
from tfrecords_tools.reading.records import read
from tfrecords_tools.shell.errors import UserError

STAGES = ("cnn_head", "cnn", "cnn_scales", "tag_encoder", "classifier", "quantity_visual", "quantity")


@pytest.fixture(scope="module")
def run(run_without_fusion):
    return run_without_fusion


@pytest.fixture(scope="module")
def config(run):
    """Of the run itself: another test process may have made it, with another file of weights."""
    return run.config


@pytest.fixture(scope="module")
def predictions(predictions_without_fusion):
    return predictions_without_fusion


def test_the_heads_read_the_feature_of_the_cnn(run, predictions, outputs_by_hand):
    logits = outputs_by_hand(run, "classifier", "classifier", ["cnn", "tag_encoder"])
    np.testing.assert_allclose(
        predictions.probabilities["classifier"], 1 / (1 + np.exp(-logits)), rtol=1e-3, atol=1e-4
    )
    for stage, names in (("quantity", ["cnn", "tag_encoder"]), ("quantity_visual", ["cnn"])):
        (quantity,) = outputs_by_hand(run, stage, "quantity", names).T
        np.testing.assert_allclose(predictions.quantity[stage], quantity, rtol=1e-3, atol=1e-4)


def test_the_control_reads_the_averages_over_all_maps(run, predictions, features_of, outputs_by_hand):
    """Without fusion blocks too; its row stands beside MS-CNN's where there is one."""
    last, scales = (features_of(run, "validation", [name]) for name in ("cnn", "pooled_scales"))
    np.testing.assert_allclose(scales[:, -last.shape[1] :], last, atol=1e-6)
    shapes = mmannot_tf.load(run.path).branches["backbone"].output_shape
    assert scales.shape[1] == sum(shape[-1] for shape in shapes)
    logits = outputs_by_hand(run, "cnn_scales", "probe", ["pooled_scales"])
    np.testing.assert_allclose(
        predictions.probabilities["cnn_scales"], 1 / (1 + np.exp(-logits)), rtol=1e-3, atol=1e-4
    )
    evaluation = evaluate(predictions, EvaluationSettings(), readings={})
    assert "CNN, pooled scales" in [row.method for row in evaluation.rows]


def test_fewer_maps_give_the_end_of_the_feature_and_make_its_head_stale(run, features_of):
    config = run.config.model_copy(update={"model": run.config.model.model_copy(update={"pooled_maps": 2})})
    of_two = replace(run, config=config)
    assert [stage.name for stage in outdated_stages(of_two)] == ["cnn_scales"]
    shapes = mmannot_tf.load(run.path).branches["backbone"].output_shape
    maps = [np.random.default_rng(0).normal(size=(1, *shape[1:])).astype(np.float32) for shape in shapes]
    specs = [replace(network_spec_of(run), config=each) for each in (run.config, config)]
    of_all, of_last = (
        BUILDERS["pooled_scales"](spec, [scale.shape[1:] for scale in maps])(maps).numpy() for spec in specs
    )
    assert of_last.shape[1] == sum(shape[-1] for shape in shapes[-2:])
    np.testing.assert_array_equal(of_all[:, -of_last.shape[1] :], of_last)


def test_its_rows_have_names_of_their_own(predictions):
    evaluation = evaluate(predictions, EvaluationSettings(), readings={})
    methods = [row.method for row in evaluation.rows]
    joint = ["Upper bound, CNN+Tags", "CNN+Tags+LQP", "CNN+Tags+LQP, untagged CNN+LQP", "CNN+LQP", "CNN+Tags"]
    assert methods[:6] == [*joint, "CNN"]
    assert not [name for name in methods if "MS-CNN" in name]
    sources = {row.method: row.source for row in evaluation.rows}
    assert sources["CNN"] == "paper" and {sources[name] for name in joint} == {"ours"}
    assert [(row.features, row.source) for row in evaluation.quantity] == [
        ("CNN", "ours"),
        ("CNN+Tags", "ours"),
    ]


@pytest.mark.exhaustive
def test_what_annotates_agrees_with_what_was_scored(run, predictions):
    model = mmannot_tf.load(run.path)
    assert set(model.branches) == {"backbone", "pooling", "tag_encoder", "classifier", "quantity"}
    examples = list(read(open_session(run).records, "validation").as_numpy_iterator())
    images = [example["image"] for example in examples]
    tags = [[tag.decode() for tag in example["tags"]] for example in examples]
    outputs = model.predict(images, tags)
    rows = [predictions.ids.index(example["id"].decode()) for example in examples]
    np.testing.assert_allclose(
        outputs["probabilities"], predictions.probabilities["classifier"][rows], rtol=1e-3, atol=1e-4
    )
    np.testing.assert_allclose(
        outputs["predicted_quantity"], predictions.quantity["quantity"][rows], rtol=1e-3, atol=1e-4
    )


def test_images_without_tags_can_be_annotated_by_the_heads_on_the_cnns_feature(run, predictions):
    evaluation = run.config.evaluation.model_copy(update={"untagged": "visual"})
    visual = replace(run, config=run.config.model_copy(update={"evaluation": evaluation}))
    annotator = Annotator.with_engine(model_of(visual), DEFAULT_ENGINE, log=print)
    examples = list(read(open_session(run).records, "validation").as_numpy_iterator())
    pixels = [annotator.decode(example["image"]) for example in examples]
    outputs = annotator.run(annotator.inputs(pixels, [""] * len(pixels)))
    rows = [predictions.ids.index(example["id"].decode()) for example in examples]
    np.testing.assert_allclose(
        outputs.probabilities, predictions.probabilities["cnn"][rows], rtol=1e-3, atol=1e-4
    )
    np.testing.assert_allclose(
        outputs.predicted_quantity, predictions.quantity["quantity_visual"][rows], rtol=1e-3, atol=1e-4
    )


@pytest.mark.exhaustive
def test_it_exports_and_its_card_names_its_row(run, tmp_path, capsys):
    copy = shutil.copytree(run.path, tmp_path / "run")
    assert main(["evaluate", str(copy), "--bootstrap", "0"]) == 0
    assert main(["export", str(copy), "--out", str(tmp_path / "E")]) == 0
    capsys.readouterr()
    card = (tmp_path / "E" / "1" / "README.md").read_text()
    assert "whose last map is averaged" in card
    assert "CNN+Tags+LQP on the" in card and "MS-CNN" not in card
    assert "The number of labels is right on" in card


def test_a_finished_run_is_trained_no_second_time(run, config, tiny_records, tmp_path, capsys):
    assert required_stages(run) == ("cnn", "tag_encoder", "classifier", "quantity")
    train(config, data=tiny_records.path, run=shutil.copytree(run.path, tmp_path / "run"))
    assert capsys.readouterr().err.count("done, skipped") == len(STAGES)


def test_fusion_blocks_that_are_added_later_make_the_heads_stale(run, config):
    from mmannot_tf.runs.plan import staleness

    settings = config.model_dump(mode="json", exclude_none=True)
    settings["stages"]["ms_cnn"] = {"epochs": 1, "learning_rate": 0.02}
    with_fusion = replace(run, config=parse(settings, "test"))
    classifier = stage_named(with_fusion.config, "classifier")
    assert staleness(with_fusion, classifier) == ["stage cnn changed"]


def test_stages_that_need_fusion_blocks_are_refused(config):
    with pytest.raises(UserError, match="must name stages of the configuration"):
        select_stages(config, ["ms_cnn"])
    settings = config.model_dump(mode="json", exclude_none=True)
    settings["stages"]["joint"] = {"epochs": 1, "learning_rate": 0.1}
    with pytest.raises(UserError, match=r"stages\.joint needs stages\.ms_cnn"):
        parse(settings, "test")
