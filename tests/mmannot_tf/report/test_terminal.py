import io
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from mmannot_tf.config.settings import EvaluationSettings
from mmannot_tf.evaluation.averages import averages
from mmannot_tf.evaluation.metrics import SYMBOLS
from mmannot_tf.evaluation.rows import evaluate
from mmannot_tf.paper.compare import ComparedQuantity, ComparedRow, Comparison, Pair
from mmannot_tf.report.markdown import averages_caption
from mmannot_tf.report.terminal import render_comparison, render_scores


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


def test_what_is_left_out_is_said(predictions):
    left_out = "Nothing is known of 1 of 6 pairs of an image and a label"
    settings = EvaluationSettings(k=1)
    assert left_out not in shown(render_scores(evaluate(predictions, settings, readings={})))
    unknown = np.array([[0, 0, 1], [0, 0, 0]], bool)
    partly = evaluate(replace(predictions, unknown=unknown), settings, readings={})
    assert left_out in shown(render_scores(partly))
    assert left_out in averages_caption(averages([partly]))


def test_rows_stand_beside_the_number_of_known_tags(predictions):
    known = replace(predictions, known_tags=np.array([2, 0]))
    text = shown(render_scores(evaluate(known, EvaluationSettings(k=1), readings={})))
    table = text[text.index("I-F1 by number of known tags") :]
    head, images = (line.split() for line in table.splitlines()[2:4])
    assert (head, images) == (["0", "1", "or", "2"], ["Method", "(1)", "(1)"])
    # {owl} given sky; {sky, sea} given sky: 2 · 1 · (1/2) / (3/2)
    assert cells(table, "CNN", "0.00") == ["CNN", "0.00", "66.67"]


def pair(ours, paper, *reasons, corrected=None):
    difference = {key: ours[key] - paper[key] for key in paper} if ours and paper else None
    line = f"not comparable: {'; '.join(reasons)}" if reasons else "comparable"
    return Pair(ours, paper, corrected, difference, not reasons, reasons, line)


OURS = {**dict.fromkeys(SYMBOLS, 50.0), "harmonic_f1": 40.125}
PAPER = {**OURS, "harmonic_f1": 45.25}


@pytest.fixture
def comparison():
    quantity = pair({"accuracy": 50.0, "mse": 0.5}, {"accuracy": 45.0, "mse": 0.75}, "another data set")
    rows = (
        ComparedRow("CNN", pair(OURS, PAPER, "another data set"), ("a note",)),
        ComparedRow("MS-CNN", pair(None, PAPER, "not trained"), ()),
    )
    notes = ("tags are captions",)
    return Comparison(
        ("I", "V"), "test", 30, rows, (ComparedQuantity("MS-CNN", quantity),), notes, uncertainty=None
    )


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
    remarks = ("· (1) another data set", "· CNN: a note", "· MS-CNN: not trained", "· tags are captions")
    for remark in remarks:
        assert text.count(remark) == 1


def test_rows_that_are_comparable_alike_share_a_line_that_numbers_the_reasons(comparison):
    first, _ = comparison.rows
    second = ComparedRow("MS-CNN", pair(OURS, PAPER, "tiny", "another data set"), ())
    third = ComparedRow("MS-CNN+LQP", pair(OURS, PAPER), ())
    lines = shown(render_comparison(replace(comparison, rows=(first, second, third)))).splitlines()
    assert lines[lines.index("To be compared digit by digit, row by row:") + 1 :][:5] == [
        "· CNN; label quantity on MS-CNN: no, because of (1)",
        "· MS-CNN: no, because of (2) (1)",
        "· MS-CNN+LQP: yes",
        "· (1) another data set",
        "· (2) tiny",
    ]


def test_a_corrected_score_stands_alone_in_a_line_of_its_own(comparison):
    corrected = ComparedRow("CNN", pair(OURS, PAPER, corrected={"image_recall": 65.12}), ())
    text = shown(render_comparison(replace(comparison, rows=(corrected,))))
    assert cells(text, "corr.") == ["corr.", "65.12"]
    place = {line.split()[-1]: line.index("65.12") for line in text.splitlines() if "corr." in line}
    assert place["65.12"] + 5 == next(line for line in text.splitlines() if "I-R" in line).index("I-R") + 3


def test_a_comparable_row_has_one_line_and_no_remark(comparison):
    row = ComparedRow("CNN", pair(OURS, PAPER), ())
    text = shown(render_comparison(replace(comparison, rows=(row,), quantity=(), notes=())))
    assert [line for line in text.splitlines() if line.startswith("·")] == ["· CNN: yes"]
