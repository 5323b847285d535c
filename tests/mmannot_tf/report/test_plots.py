"""Plots are read back from the drawn SVG: places, lengths, opacities and words."""

import re
from importlib.resources import files
from xml.etree import ElementTree

import numpy as np
import pytest

from mmannot_tf.report.counts import ClassCounts
from mmannot_tf.report.curves import Curve
from mmannot_tf.report.plots import (
    FULL,
    FULLEST,
    IN_COLUMNS,
    class_plot,
    class_plots,
    confusion_plot,
    curve_plots,
    together_plot,
)

FILLED = "fill: var(--train)"


def _elements(svg, tag):
    root = ElementTree.fromstring(re.sub(r' xlink:href="[^"]*"', "", svg))
    return [element for element in root.iter() if element.tag.rpartition("}")[2] == tag]


def _words(svg):
    return [element.text for element in _elements(svg, "text")]


def _boxes(svg, style):
    """Left, top, right and bottom of each filled path whose style matches, as drawn."""
    boxes = []
    for path in _elements(svg, "path"):
        if re.search(style, path.get("style", "")) and "z" in path.get("d"):
            xs, ys = np.array(re.findall(r"(-?[\d.]+) (-?[\d.]+)", path.get("d")), float).T
            boxes.append((xs.min(), ys.min(), xs.max(), ys.max()))
    return np.array(boxes).reshape(-1, 4)


def _cells(svg):
    """Opacity and the left and top of each cell, in the order drawn; squares of a legend are smaller."""
    styles = [path.get("style") or "" for path in _elements(svg, "path")]
    given = [re.search(r"opacity: ([\d.]+)", style) for style in styles if FILLED in style]
    opacities = [float(match[1]) if match else 1.0 for match in given]
    boxes = _boxes(svg, re.escape(FILLED))
    size = (boxes[:, 2] - boxes[:, 0]).max()
    whole = np.isclose(boxes[:, 3] - boxes[:, 1], size, rtol=0.02)
    return np.array(opacities)[whole], boxes[whole] / size


def _dashes(svg):
    """The patterns that curves are drawn in."""
    styles = [path.get("style") or "" for path in _elements(svg, "path")]
    curves = [style for style in styles if "stroke-width: 1.5" in style]
    return {tuple(re.findall(r"dasharray: ([\d.,]+)", style)) for style in curves}


def test_bars_are_as_long_as_precision_and_diamonds_stand_at_recall():
    classes = [ClassCounts("sky", 8, 4, 4), ClassCounts("sea", 4, 8, 2), ClassCounts("sun", 0, 3, 0)]
    svg = class_plot(classes)
    left, _, right, _ = _boxes(svg, re.escape(FILLED))[:3].T
    assert right - left == pytest.approx(np.array([1, 0.25, 0]) * (right - left)[0], abs=0.1)
    diamonds = [use for use in _elements(svg, "use") if "var(--test)" in use.get("style", "")]
    places = [float(use.get("x")) for use in diamonds[:2]]
    assert places == pytest.approx([left[0] + 0.5 * (right - left)[0]] * 2, abs=0.1)
    assert len(diamonds) == 3  # two classes that images have, and the legend's
    assert {"sky", "sea", "sun", "percent"} <= set(_words(svg))


def test_a_class_never_annotated_has_no_bar():
    left, _, right, _ = _boxes(class_plot([ClassCounts("sky", 8, 0, 0)]), re.escape(FILLED))[0]
    assert right - left == pytest.approx(0)


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, IN_COLUMNS, IN_COLUMNS + 1, 80])
def test_many_classes_stand_in_two_plots_and_each_once(count):
    names = [f"class {number}" for number in range(count)]
    plots = class_plots([ClassCounts(name, 1, 1, 1) for name in names])
    assert len(plots) == (1 if count <= IN_COLUMNS else 2)
    assert [word for svg in plots for word in _words(svg) if word.startswith("class")] == names


def test_a_confusion_shows_each_count_in_its_place_the_fuller_the_larger_its_share():
    counts = np.array([[0, 0, 0], [1, 3, 0], [0, 2, 6]])
    svg = confusion_plot(counts, ["0", "1", "2+"])
    opacities, boxes = _cells(svg)
    assert opacities == pytest.approx(FULLEST * np.array([1 / 4, 3 / 4, 2 / 8, 6 / 8]) ** 0.5, abs=1e-3)
    places = (boxes[:, :2] - boxes[0, :2]).round().astype(int).tolist()
    assert places == [[0, 0], [1, 0], [1, 1], [2, 1]]  # columns and rows, from the first cell
    numbers = [element for element in _elements(svg, "text") if "font-size: 8px" in element.get("style")]
    for number, box, count in zip(numbers, _boxes(svg, re.escape(FILLED)), ["1", "3", "2", "6"], strict=True):
        assert number.text == count and ("700" in number.get("style")) == (count in "36")
        assert box[0] < float(number.get("x")) < box[2] and box[1] < float(number.get("y")) < box[3]
    axes = ["0", "1", "2+", "predicted quantity", "0", "1", "2+", "true quantity"]
    assert sorted(_words(svg)) == sorted(["1", "3", "2", "6", *axes])


def test_shares_together_fill_their_cells_and_the_diagonal_stays_empty():
    shares = np.array([[1.0, 0.5, 0.0], [0.25, 1.0, 1.0], [np.nan, np.nan, np.nan]])
    opacities, boxes = _cells(together_plot(shares, ["sky", "sea", "sun"]))
    assert opacities == pytest.approx(FULLEST * np.array([0.5, 0.25, 1.0]) ** 0.5, abs=1e-3)
    assert (boxes[:, :2] - boxes[1, :2]).round().astype(int).tolist() == [[1, -1], [0, 0], [2, 0]]
    assert np.isnan(shares[2]).all() and shares[0, 0] == 1  # the caller's are left alone


def test_shares_together_stand_in_their_cells_as_percent_and_the_scale_has_their_opacities():
    svg = together_plot(np.array([[1.0, 0.5, 0.104], [0.25, 1.0, 1.0], [0.0] * 3]), ["sky", "sea", "sun"])
    opacities, _ = _cells(svg)
    numbers = [element for element in _elements(svg, "text") if "font-size: 8px" in element.get("style")]
    assert [number.text for number in numbers] == ["50", "10", "25", "100"]
    for number, box in zip(numbers, _boxes(svg, re.escape(FILLED)), strict=False):
        assert box[0] < float(number.get("x")) < box[2] and box[1] < float(number.get("y")) < box[3]
    styles = [path.get("style") for path in _elements(svg, "path")]
    scale = [float(re.search(r"opacity: ([\d.]+)", style)[1]) for style in styles if FILLED in (style or "")]
    assert scale[len(opacities) :] == pytest.approx(FULLEST * np.array([0.1, 0.25, 0.5, 1]) ** 0.5, abs=1e-3)
    assert [word for word in _words(svg) if "%" in word] == ["10 %", "25 %", "50 %", "100 %"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("share", [0.001, 0.1, 0.25, FULL**2 / FULLEST**2, 0.6, 0.8, 1.0])
def test_a_number_can_be_read_on_its_cell(scheme, share):
    """Contrast of at least 4.5, as WCAG 2 asks for small text."""
    colours = _colours(scheme)
    svg = together_plot(np.array([[1.0, share], [0.0, 1.0]]), ["sky", "sea"])
    (opacity,), _ = _cells(svg)
    (number,) = [element for element in _elements(svg, "text") if "font-size: 8px" in element.get("style")]
    fill = re.search(r"fill: (?:var\((--\w+)\)|(#\w+))", number.get("style"))
    text = _rgb(colours[fill[1]] if fill and fill[1] else "#000")  # black is SVG's own
    cell = opacity * _rgb(colours["--train"]) + (1 - opacity) * _rgb(colours["--paper"])
    assert _contrast(text, cell) >= 4.5


def test_a_tenth_differs_from_dark_paper():
    colours = _colours("dark")
    paper, full = _rgb(colours["--paper"]), _rgb(colours["--train"])
    (opacity,), _ = _cells(together_plot(np.array([[1.0, 0.1], [0.0, 1.0]]), ["sky", "sea"]))
    assert _contrast(opacity * full + (1 - opacity) * paper, paper) > 1.5  # 1.2 where opacity was the share


def _colours(scheme):
    """The style sheet's colours by name."""
    light, dark = files("tfrecords_tools.pages").joinpath("style.css.j2").read_text().split("@media", 2)[:2]
    return dict(re.findall(r"(--\w+): (#\w+);", light if scheme == "light" else dark))


def _rgb(colour):
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    return np.array([int(digits[place : place + 2], 16) for place in (0, 2, 4)], float)


def _contrast(one, other):
    """Of WCAG 2."""

    def luminance(rgb):
        part = rgb / 255
        linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
        return linear @ (0.2126, 0.7152, 0.0722)

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_a_long_name_is_cut_and_markup_stays_words():
    svg = together_plot(np.eye(2), ["a" * 60, "<b>&amp;"])
    assert {"a" * 21 + "…", "<b>&amp;"} <= set(_words(svg))


def test_losses_and_percentages_have_plots_of_their_own_and_no_measure_is_left_out():
    measures = {
        name: (1.0, 2.0) for name in ("loss", "image_f1", "class_f1", "ranking_precision", "accuracy", "mse")
    }
    losses, percent = curve_plots(Curve("joint", (1, 2), measures, best_epoch=2))
    assert {"training loss", "MSE", "kept: epoch 2"} <= set(_words(losses))
    assert {"I-F1", "C-F1", "ranking precision", "quantity accuracy"} <= set(_words(percent))
    assert len(_dashes(percent)) == 4


def test_a_stage_that_is_not_finished_marks_no_epoch():
    (losses,) = curve_plots(Curve("cnn", (1,), {"loss": (3.0,)}, best_epoch=None))
    assert not any("kept" in word for word in _words(losses))
