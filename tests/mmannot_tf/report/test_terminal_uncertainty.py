import io
from dataclasses import replace

import pytest
from rich.console import Console

from mmannot_tf.config.settings import EvaluationSettings
from mmannot_tf.evaluation.resampling import Resampling
from mmannot_tf.evaluation.rows import evaluate
from mmannot_tf.report.terminal import render_scores, render_uncertainty


def shown(*renderables):
    console = Console(file=io.StringIO(), width=80, color_system=None)
    console.print(*renderables)
    return console.file.getvalue()


@pytest.fixture
def evaluation(predictions):
    settings = EvaluationSettings(k=1)
    measured = evaluate(predictions, settings, readings={}, resampling=Resampling(draws=100))
    intervals = {"image_f1": (10.0, 60.125), "harmonic_f1": (0.0, 100.0)}
    first, *others = measured.tests.pairs
    first = replace(first, difference=2.5, interval=(-1.25, 6.0), p=0.0099)
    return replace(
        measured,
        rows=tuple(
            replace(row, intervals=intervals, biased=("harmonic_f1",)) if row.method == "CNN" else row
            for row in measured.rows
        ),
        tests=replace(measured.tests, pairs=(first, *others)),
    )


def test_every_row_shows_its_scores_with_their_bounds(evaluation):
    text = shown(*render_uncertainty(evaluation.uncertainty))
    assert "95 % intervals over 100 bootstrap resamples" in text
    assert " CNN " in text
    assert "40.00 [10.00, 60.12]   28.57 [0.00, 100.00] ?" in text
    assert "?: do not rely on this interval" in " ".join(text.split())


def test_a_pair_shows_its_signed_difference_bounds_and_p(evaluation):
    text = shown(*render_uncertainty(evaluation.uncertainty))
    (line,) = [line for line in text.splitlines() if "MS-CNN over CNN" in line]
    assert line.split()[3:] == ["I-F1", "+2.50", "[-1.25,", "+6.00]", "0.010"]


def test_eighty_columns_cut_no_number(evaluation):
    assert "…" not in shown(*render_uncertainty(evaluation.uncertainty))


def test_without_resampling_there_is_nothing_to_show():
    assert render_uncertainty(None) == []


def test_without_a_pair_there_is_no_table_of_pairs(evaluation):
    assert "pairs of rows" not in shown(
        *render_uncertainty(replace(evaluation.uncertainty, tests=replace(evaluation.tests, pairs=())))
    )


def test_rows_of_ours_have_a_mark_that_is_explained(evaluation):
    lines = shown(render_scores(evaluation)).splitlines()
    marked = [line for line in lines if " * " in line]
    assert [line.split(" * ")[0].strip() for line in marked if "p > 0.5" in line] == [
        "MS-CNN+Tags, p > 0.5",
        "MS-CNN, p > 0.5",
        "CNN, p > 0.5",
    ]
    assert len(marked) == 3
    assert "* ours: the paper has no such row." in lines[-2] + lines[-3]
