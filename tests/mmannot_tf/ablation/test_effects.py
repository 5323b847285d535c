import pytest

from mmannot_tf.ablation.effects import Summary, effects
from mmannot_tf.evaluation.document import document
from mmannot_tf.evaluation.metrics import AnnotationScores
from mmannot_tf.evaluation.results import Evaluation, ScoredRow

METHODS = ("CNN", "MS-CNN", "MS-CNN+Tags")


def evaluation(f1: float, methods=METHODS) -> Evaluation:
    scores = AnnotationScores(0.0, 0.0, 2 * f1, 0.0, 0.0, f1, f1 / 2)
    rows = tuple(ScoredRow(method, "paper", "top_k", scores) for method in methods)
    return Evaluation("test", 9, 3, 3, rows, (), {})


EFFECTS = effects(
    {
        "as configured": [evaluation(50.0), evaluation(54.0), evaluation(58.0)],
        "k = 2": [evaluation(53.0), evaluation(55.0), evaluation(56.0)],
    }
)


def test_means_spreads_and_paired_differences():
    first, second = EFFECTS[0], EFFECTS[len(METHODS)]
    assert first.summaries["image_f1"] == Summary(mean=54.0, spread=4.0, difference=0.0)
    assert second.variant == "k = 2"
    assert second.summaries["image_f1"].difference == pytest.approx((3 + 1 - 2) / 3)
    assert second.summaries["class_f1"].mean == pytest.approx(2 * (53 + 55 + 56) / 3)


def test_one_seed_has_no_spread():
    assert effects({"as configured": [evaluation(50.0)]})[0].summaries["image_f1"].spread == 0.0


def test_a_row_that_could_not_be_trained_for_some_seed_is_left_out():
    lacking = [evaluation(40.0), evaluation(40.0, METHODS[:2])]
    measured = effects({"as configured": [evaluation(50.0)] * 2, "x = 1": lacking})
    assert [effect.method for effect in measured if effect.variant == "x = 1"] == list(METHODS[:2])


def test_the_document_has_a_summary_a_measure():
    effect = document(EFFECTS)[0]
    assert list(effect) == ["variant", "method", "image_f1", "class_f1", "harmonic_f1"]
    assert effect["harmonic_f1"] == {"mean": 27.0, "spread": 2.0, "difference": 0.0}
