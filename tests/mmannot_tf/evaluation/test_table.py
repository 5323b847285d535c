import io

import pytest
from rich.console import Console

from mmannot_tf.config.settings import EvaluationSettings
from mmannot_tf.evaluation.rows import evaluate
from mmannot_tf.evaluation.table import render_comparison, render_scores


def shown(renderable, width=200):
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(renderable)
    return console.file.getvalue()


def cells(text, *start):
    """The one line that starts with these cells."""
    (line,) = [line.split() for line in text.splitlines() if tuple(line.split()[: len(start)]) == start]
    return line


def test_scores_have_the_papers_heads_and_two_decimals(predictions):
    text = shown(render_scores(evaluate(predictions, EvaluationSettings(k=1), readings={"evaluation.k": 1})))
    assert cells(text, "Method") == ["Method", "C-P", "C-R", "C-F1", "I-P", "I-R", "I-F1", "H-F1", "mAP"]
    # 100 (1/2)/3, 100 (1/1)/3, 2·16.67·33.33/50, 100·1/2, 100·1/3, 2·50·33.33/83.33, 2·22.22·40/62.22
    row = ["CNN", "16.67", "33.33", "22.22", "50.00", "33.33", "40.00", "28.57"]
    assert cells(text, "CNN", "16.67") == row
    assert cells(text, "MS-CNN", "0.00") == ["MS-CNN", "0.00", "1.460"]  # ((1.4 - 2)² + (2.6 - 1)²) / 2
    assert "Readings of the paper: evaluation.k 1" in text


def pair(name, ours, paper, reasons, **more):
    both = ours is not None and paper is not None
    return {
        **name,
        "ours": ours,
        "paper": paper,
        "difference": {key: ours[key] - paper[key] for key in paper} if both else None,
        "comparable": not reasons,
        "reasons": reasons,
        **more,
    }


@pytest.fixture
def comparison():
    ours = dict.fromkeys(
        ("class_precision", "class_recall", "class_f1", "image_precision", "image_recall", "image_f1"), 50.0
    ) | {"harmonic_f1": 40.125}
    paper = {**ours, "harmonic_f1": 45.25}
    quantity = ({"accuracy": 50.0, "mse": 0.5}, {"accuracy": 45.0, "mse": 0.75})
    return {
        "tables": ["I", "V"],
        "rows": [
            pair({"method": "CNN"}, ours, paper, ["another data set"], notes=["a note"]),
            pair({"method": "MS-CNN"}, None, paper, ["not trained"], notes=[]),
        ],
        "quantity": [pair({"features": "MS-CNN"}, *quantity, ["another data set"])],
        "notes": ["tags are captions"],
    }


def test_a_comparison_shows_ours_the_papers_and_the_difference(comparison):
    text = shown(render_comparison(comparison))
    assert "beside Table I, percent" in text
    assert "beside Table V" in text
    assert cells(text, "CNN", "ours") == ["CNN", "ours", *["50.00"] * 6, "40.12"]
    assert cells(text, "MS-CNN", "paper")[-1] == "45.25"
    assert cells(text, "diff.", "+0.00") == ["diff.", *["+0.00"] * 6, "-5.12"]  # 40.125 - 45.25
    assert cells(text, "diff.", "+5.00") == ["diff.", "+5.00", "-0.250"]  # 50 - 45, 0.5 - 0.75


def test_eighty_columns_are_enough_for_every_number(comparison):
    text = shown(render_comparison(comparison), width=80)
    assert "…" not in text
    assert cells(text, "CNN", "ours")[-1] == "40.12"


def test_reasons_and_notes_stand_once_below(comparison):
    text = shown(render_comparison(comparison))
    for remark in ("· another data set", "· CNN: a note", "· MS-CNN: not trained", "· tags are captions"):
        assert text.count(remark) == 1


def test_nothing_to_remark_leaves_no_heading(comparison):
    clean = [
        pair({"method": "CNN"}, comparison["rows"][0]["ours"], comparison["rows"][0]["paper"], [], notes=[])
    ]
    text = shown(render_comparison({**comparison, "rows": clean, "notes": []}))
    assert "Not to be compared" not in text
