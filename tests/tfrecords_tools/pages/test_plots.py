import re
import warnings
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from tfrecords_tools.pages.plots import label_plot, quantity_plot, rank_plot, tag_plot
from tfrecords_tools.pages.svg import COLOURS, WIDTH, display_name


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in elements(svg, "text")]


def elements(svg: str, tag: str) -> list[ElementTree.Element]:
    return [*ElementTree.fromstring(svg.replace("xlink:href", "href")).iter(tag)]


def heights(svg: str, names: list[str]) -> list[float]:
    """How far down each name stands, in CSS pixels."""
    found = {element.text: element for element in elements(svg, "text")}
    return [float(found[name].get("y")) for name in names]


def bars(svg: str) -> list[float]:
    """The length of every horizontal bar, in CSS pixels."""
    paths = [path.get("d") for path in elements(svg, "path") if "var(--train)" in (path.get("style") or "")]
    ends = [[float(x) for x in re.findall(r"[ML] ([\d.-]+) ", path)] for path in paths]
    return [max(end) - min(end) for end in ends]


def test_eighty_names_stand_below_each_other_without_touching():
    names = [f"label number {number}" for number in range(80)]
    svg = label_plot({"train": {name: 1 / (2 + place) for place, name in enumerate(names)}})
    places = heights(svg, names)
    gaps = [below - above for above, below in pairwise(places)]
    assert min(gaps) > 12  # of a font of 11
    assert float(re.search(r'viewBox="0 0 ([\d.]+)', svg)[1]) == WIDTH


def test_bars_are_as_long_as_their_counts():
    lengths = bars(tag_plot({"sky": 40, "sea": 20, "sun": 10, "rain": 0}))[:4]
    assert lengths == pytest.approx([lengths[0], lengths[0] / 2, lengths[0] / 4, 0], abs=0.01)
    assert lengths[0] > WIDTH / 2


def test_each_split_has_its_colour_and_its_name():
    svg = label_plot({"train": {"a": 0.5, "b": 0.1}, "test": {"a": 0.4, "b": 0.3}})
    assert {"train", "test", "a", "b", "share of the split's images"} <= set(texts(svg))
    assert "var(--train)" in svg
    assert "var(--test)" in svg
    assert "var(--validation)" in quantity_plot(
        {"train": {1: 1.0}, "validation": {2: 0.5, 3: 0.5}, "test": {1: 1.0}}
    )


def test_no_stand_in_colour_is_left():
    svg = label_plot({"train": {"a": 0.5}}) + rank_plot([3, 1]) + quantity_plot({"train": {1: 1.0}})
    assert not [colour for colour in COLOURS if colour in svg]


def test_markup_and_formulas_are_plain_text():
    names = ["<script>", "a & b", r"$\frac{1}{2}$", "$", '"quoted"']
    svg = tag_plot(dict.fromkeys(names, 3))
    assert set(names) <= set(texts(svg))


def test_letters_that_the_drawing_font_lacks_give_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "犬" in texts(tag_plot({"犬": 2}))


@pytest.mark.parametrize("count", [1, 10, 100, 100_000])
def test_a_curve_of_any_length_starts_at_the_first_and_ends_at_the_last(count: int):
    svg = rank_plot([count - place for place in range(count)])
    assert len(svg) < 60_000
    ranks = {element.text: element.get("x") for element in reversed(elements(svg, "text"))}
    (curve,) = [
        path for path in elements(svg, "path") if "none; stroke: var(--train)" in path.get("style", "")
    ]
    places = re.findall(r"[ML] ([\d.]+) ", curve.get("d"))
    assert (places[0], places[-1]) == (ranks["1"], ranks[f"{count:,}"])


def test_a_svg_refers_to_nothing_outside_and_is_the_same_each_time():
    svg = rank_plot([5, 3, 3, 1])
    assert "http" not in svg
    assert svg == rank_plot([5, 3, 3, 1])


@pytest.mark.parametrize(
    ("name", "as_shown"),
    [
        ("sky", "sky"),
        ("two\nlines\t", "two lines"),
        ("bell\x07", "bell\N{REPLACEMENT CHARACTER}"),
        ("x" * 22, "x" * 22),
        ("x" * 23, "x" * 21 + "…"),
    ],
)
def test_names_are_shown_in_one_short_printable_line(name: str, as_shown: str):
    assert display_name(name) == as_shown
