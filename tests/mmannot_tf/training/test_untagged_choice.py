"""`evaluation.untagged = "validation"`: training ends with a choice of the heads for images without tags."""

import shutil

import numpy as np
import pytest

import mmannot_tf
from mmannot_tf.cli.main import main
from mmannot_tf.config.settings import EvaluationSettings
from mmannot_tf.data.arrays import load_arrays
from mmannot_tf.runs.run import Run, open_run
from mmannot_tf.runs.untagged import FILE, annotation_settings, read_choice, write_choice
from mmannot_tf.serving.exporting.export import export
from mmannot_tf.serving.model import model_of, required_stages
from mmannot_tf.training.session import open_session
from mmannot_tf.training.train import train
from tfrecords_tools.shell.errors import UserError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def config(tiny_config):
    assert EvaluationSettings().untagged == "validation"
    return tiny_config.model_copy(update={"evaluation": EvaluationSettings()})


@pytest.fixture(scope="module")
def decided(config, tiny_run, tiny_records, tmp_path_factory):
    """The tiny run, whose stages are all trained, with a choice."""
    path = tmp_path_factory.mktemp("decided") / "run"
    shutil.copytree(tiny_run.path, path)
    return train(config, data=tiny_records.path, run=path)


@pytest.fixture
def run(decided, tmp_path):
    """A copy of it for one test."""
    shutil.copytree(decided.path, tmp_path / "run")
    return open_run(tmp_path / "run")


def _image_f1(logits, quantity, labels):
    """I-F1 by sets, image by image: 2 TP / (given + true)."""
    hits = given = 0
    for scores, number, truth in zip(logits, quantity, labels, strict=True):
        chosen = np.argsort(-scores, kind="stable")[: max(1, int(np.floor(number + 0.5)))]
        hits, given = hits + truth[chosen].sum(), given + len(chosen)
    return 100 * 2 * hits / (given + labels.sum())


@pytest.mark.exhaustive
def test_the_scores_are_those_of_both_pairs_of_heads_with_hidden_tags(decided, tiny_records):
    write_choice(decided, {"joint": 0.0, "visual": 1.0}, 1)  # only so that all branches are there
    branches = mmannot_tf.load(decided.path).branches
    (decided.path / FILE).unlink()
    train(decided.config, data=tiny_records.path, run=decided.path)
    choice = read_choice(decided)
    visual = open_session(decided).features("validation").get(["ms_cnn"])["ms_cnn"]
    labels = load_arrays(tiny_records, "validation", ()).labels > 0
    none = branches["tag_encoder"](np.array([[-1]], np.int32)).numpy()
    joint = np.concatenate([visual, np.repeat(none, len(visual), axis=0)], axis=1)
    expected = {
        "joint": _image_f1(branches["classifier"](joint).numpy(), branches["quantity"](joint), labels),
        "visual": _image_f1(
            branches["visual_classifier"](visual).numpy(), branches["visual_quantity"](visual), labels
        ),
    }
    assert expected["joint"] != expected["visual"]
    assert choice.image_f1 == pytest.approx(expected)
    assert choice.heads == max(expected, key=expected.__getitem__)
    assert choice.images == len(labels)


@pytest.mark.exhaustive
def test_it_is_made_once_and_again_after_a_head_was_trained_again(run, tiny_records, capsys):
    before = (run.path / FILE).stat().st_mtime_ns
    train(run.config, data=tiny_records.path, run=run.path)
    assert "without a known tag" not in capsys.readouterr().err
    assert (run.path / FILE).stat().st_mtime_ns == before
    stages = run.config.stages.model_copy(
        update={"quantity": run.config.stages.quantity.model_copy(update={"epochs": 1})}
    )
    config = run.config.model_copy(update={"stages": stages})
    train(config, data=tiny_records.path, run=run.path)
    told = capsys.readouterr().err
    assert "images without a known tag: annotated by the" in told and "hidden tags: joint" in told
    assert (run.path / FILE).stat().st_mtime_ns != before
    assert read_choice(open_run(run.path)) is not None


@pytest.mark.parametrize("heads", ["joint", "visual"])
def test_what_annotates_follows_it(run, heads):
    write_choice(run, {"joint": 50.0, "visual": 50.0 + (heads == "visual")}, 22)
    assert annotation_settings(run).untagged == heads
    assert ("quantity_visual" in required_stages(run)) == (heads == "visual")


@pytest.mark.exhaustive
@pytest.mark.parametrize(("heads", "read"), [("joint", "image and tags"), ("visual", "the image alone")])
def test_the_card_of_an_export_says_it(run, heads, read, tmp_path):
    write_choice(run, {"joint": 50.0, "visual": 50.0 + (heads == "visual")}, 22)
    card = (export(run, tmp_path / "E") / "README.md").read_text()
    assert f"without a tag of the vocabulary are annotated by the heads on {read}. I-F1 on 22 " in card


def test_without_a_valid_choice_the_joint_heads_annotate(run):
    write_choice(run, {"joint": 51.0, "visual": 50.0}, 22)
    digest = model_of(run).digest
    write_choice(run, {"joint": 50.0, "visual": 51.0}, 22)
    assert model_of(run).digest != digest
    stage = run.stage("quantity") / "stage.json"
    stage.rename(stage.with_name("kept"))
    assert read_choice(run) is None and annotation_settings(run).untagged == "joint"
    stage.with_name("kept").rename(stage)
    for fixed in ("joint", "visual"):
        settings = run.config.evaluation.model_copy(update={"untagged": fixed})
        other = Run(
            run.path,
            run.config.model_copy(update={"evaluation": settings}),
            run.dataset,
            run.provenance,
        )
        assert annotation_settings(other).untagged == fixed


def test_a_changed_choice_is_refused_in_one_line(run, capsys):
    file = run.path / FILE
    text = file.read_text()
    heads = read_choice(run).heads
    other = {"joint": "visual", "visual": "joint"}[heads]
    file.write_text(text.replace(f'"heads": "{heads}"', f'"heads": "{other}"'))
    with pytest.raises(UserError, match="its content differs from its seal"):
        model_of(run)
    assert main(["export", str(run.path), "--out", str(run.path.parent / "E")]) == 1
    assert capsys.readouterr().err.count("\n") == 1
