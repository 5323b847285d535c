import io

import pytest
from rich.console import Console

from mmannot_tf.config.settings import EvaluationSettings
from mmannot_tf.evaluation.rows import evaluate
from mmannot_tf.evaluation.table import render_comparison, render_scores


def shown(renderable):
    console = Console(file=io.StringIO(), width=200, color_system=None)
    console.print(renderable)
    return console.file.getvalue()


def line_with(text, *words):
    (line,) = [line for line in text.splitlines() if all(word in line for word in words)]
    return [cell.strip() for cell in line.replace("┃", "│").strip("│").split("│")]


def test_scores_have_the_papers_heads_and_two_decimals(predictions):
    text = shown(render_scores(evaluate(predictions, EvaluationSettings(k=1), readings={})))
    heads = ["Method", "C-P", "C-R", "C-F1", "I-P", "I-R", "I-F1", "H-F1", "mAP"]
    assert line_with(text, "Method", "C-P") == heads
    # C-P 100 (1/2)/3, C-R 100 (1/1)/3, C-F1 20, I-P 100/2, I-R 100/3, I-F1 40, H-F1 2*20*40/60
    row = ["CNN", "16.67", "33.33", "22.22", "50.00", "33.33", "40.00", "28.57", ""]
    assert line_with(text, "│ CNN  ") == row
    assert line_with(text, "│ MS-CNN  ", "0.360") == ["MS-CNN", "0.00", "0.360"]


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
    assert "beside Table I" in text
    assert "beside Table V" in text
    assert line_with(text, "│ CNN ", "ours")[-1] == "40.12"
    assert line_with(text, "│ MS-CNN ", "paper", "45.25")
    assert "-5.12" in text  # 40.125 - 45.25
    assert "-0.250" in text  # 0.5 - 0.75


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
