"""`l2_candidates`: a head's L2 coefficient is chosen by cross-validation within the training split."""

import json
import shutil

import numpy as np
import pytest

from mmannot_tf.config.loading import parse
from mmannot_tf.config.stage import StageSettings
from mmannot_tf.training import cross_validation
from mmannot_tf.training.cross_validation import SCORES, cross_validated_l2, folds
from mmannot_tf.training.distribution import one_device
from mmannot_tf.training.train import train
from tfrecords_tools.shell.errors import UserError

SETTINGS = StageSettings(epochs=1, learning_rate=0.1, l2_candidates=(0.01, 0.1, 1.0), l2_folds=2)


def test_each_row_is_held_out_once():
    parts = list(folds(11, 3, seed=4))
    assert [part.number for part in parts] == [0, 1, 2]
    assert sorted(np.concatenate([part.held for part in parts])) == list(range(11))
    assert {len(part.held) for part in parts} == {3, 4}
    for part in parts:
        assert sorted([*part.kept, *part.held]) == list(range(11))
    (again, *_), (other, *_) = folds(11, 3, seed=4), folds(11, 3, seed=5)
    np.testing.assert_array_equal(again.held, parts[0].held)
    assert again.held.tolist() != other.held.tolist()


def _chosen(folder, score):
    return cross_validated_l2(
        SETTINGS, 8, name="classifier", folder=folder, seed=0, distribution=one_device(), score=score
    )


def test_more_folds_than_images_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"stages\.classifier\.l2_folds .* images, 1\. Received: 2\."):
        cross_validated_l2(
            SETTINGS, 1, name="classifier", folder=tmp_path, seed=0, distribution=one_device(), score=None
        )


@pytest.mark.parametrize(
    ("scores", "chosen"),
    [
        ({0.01: (1, 5), 0.1: (3, 4), 1.0: (2, 2)}, 0.1),
        ({0.01: (5, 1), 0.1: (3, 3), 1.0: (2, 2)}, 0.1),  # equal means
        ({0.01: (9, 9), 0.1: (3, 3), 1.0: (2, 2)}, 0.01),
    ],
)
def test_the_best_mean_wins_and_the_larger_of_equal_ones(scores, chosen, tmp_path, capsys):
    assert _chosen(tmp_path, lambda coefficient, fold, _: scores[coefficient][fold.number]) == chosen
    told = capsys.readouterr().err
    assert f"classifier: L2 coefficient {chosen:g}, by 2 folds (0.01: " in told
    assert json.loads((tmp_path / SCORES).read_text())["scores"]["0.1"] == list(scores[0.1])


def test_a_choice_that_was_interrupted_goes_on(tmp_path):
    asked = []

    def score(coefficient, fold, place):
        place.mkdir(parents=True)
        asked.append((coefficient, fold.number))
        if len(asked) == 4:
            raise KeyboardInterrupt
        return coefficient

    with pytest.raises(KeyboardInterrupt):
        _chosen(tmp_path, score)
    (tmp_path / "folds" / "0.1-1").rmdir()  # the one that was at work; those that are done are gone
    assert not list((tmp_path / "folds").iterdir())
    assert _chosen(tmp_path, score) == 1.0
    assert asked == [(0.01, 0), (0.01, 1), (0.1, 0), (0.1, 1), (0.1, 1), (1.0, 0), (1.0, 1)]
    assert [path.name for path in tmp_path.iterdir()] == [SCORES]


@pytest.mark.parametrize(
    ("stage", "keys", "complaint"),
    [
        ("classifier", {"l2_candidates": [0.1]}, "two or more different numbers"),
        ("classifier", {"l2_candidates": [0.1, 0.1]}, "two or more different numbers"),
        ("cnn", {"l2_candidates": [0.1, 1]}, "needs a stage that reads no images"),
        ("ms_cnn", {"l2_candidates": [0.1, 1]}, "needs a stage that reads no images"),
    ],
)
def test_what_cannot_be_chosen_is_refused(tiny_config, stage, keys, complaint):
    settings = tiny_config.model_dump(mode="json", exclude_none=True)
    settings["stages"][stage] |= keys
    with pytest.raises(UserError, match=complaint):
        parse(settings, "test")


def test_compared_systems_have_none(tiny_config):
    settings = tiny_config.model_dump(mode="json", exclude_none=True)
    settings["methods"]["cnn_logistic"]["l2_candidates"] = [0.1, 1]
    with pytest.raises(UserError, match="l2_candidates is for stages"):
        parse(settings, "test")


@pytest.fixture
def config_with(tiny_config):
    def changed(**keys):
        settings = tiny_config.model_dump(mode="json", exclude_none=True)
        settings["stages"]["classifier"] |= keys
        return parse(settings, "test")

    return changed


@pytest.mark.exhaustive
@pytest.mark.slow
def test_the_stage_trains_with_the_chosen_one_after_any_interruption(
    tiny_run, tiny_records, config_with, killed_in, weights_of, tmp_path
):
    """To the bits of a stage whose configuration states that coefficient."""
    run = shutil.copytree(tiny_run.path, tmp_path / "run")
    config = config_with(l2_coefficient=20.0, l2_candidates=[1e-4, 20.0], l2_folds=2)

    def again():
        return train(config, data=tiny_records.path, run=run, stages=["classifier"])

    with killed_in(cross_validation, "write_document"):
        again()
    chosen = again()
    scores = json.loads((chosen.stage("classifier") / SCORES).read_text())["scores"]
    assert {len(of_folds) for of_folds in scores.values()} == {2}
    assert np.mean(scores["0.0001"]) > np.mean(scores["20.0"])
    stated, path = config_with(l2_coefficient=1e-4), shutil.copytree(tiny_run.path, tmp_path / "stated")
    expected = train(stated, data=tiny_records.path, run=path, stages=["classifier"])
    (have, want) = (weights_of(each, "classifier", "classifier") for each in (chosen, expected))
    assert have.keys() == want.keys()
    for name, values in want.items():
        np.testing.assert_array_equal(have[name], values)
