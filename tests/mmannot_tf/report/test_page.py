import io
import json
import re
import shutil
import sys
from dataclasses import replace

import pytest
from PIL import Image

from mmannot_tf.cli.main import app
from mmannot_tf.evaluation.predictions import Predictions
from mmannot_tf.evaluation.rows import select
from mmannot_tf.paper.systems import systems_of
from mmannot_tf.report.findings import findings
from mmannot_tf.report.page import DOUBTS_SHOWN, page
from mmannot_tf.report.pictures import Picture
from mmannot_tf.runs.run import open_run
from mmannot_tf.workflows.comparison import compare_run
from mmannot_tf.workflows.evaluation import evaluate_run, predicted_split
from tfrecords_tools.shell.console import run

HOSTILE = "</bdi><script>alert('{{ 7 * 7 }}')</script><img src=\"http://example.org\">"


def _table(read, head):
    """The rows below the head of the first table whose head begins with a word."""
    return next(rows[1:] for rows in read.tables if rows[0][0] == head)


def _tables(read, head):
    """The rows below the head of each table whose head begins with a word."""
    return [rows[1:] for rows in read.tables if rows[0][0] == head]


def _fact(read, name):
    """The value of a name in the lists of provenance."""
    return read.words[read.words.index(name) + 1]


@pytest.fixture(scope="module")
def copied(tiny_run, tmp_path_factory):
    return shutil.copytree(tiny_run.path, tmp_path_factory.mktemp("report") / "run")


@pytest.fixture(scope="module")
def predictions(copied, text):
    return Predictions.load(open_run(copied).predictions("test"))


@pytest.fixture(scope="module")
def evaluation(copied):
    return evaluate_run(copied, "test", bootstrap=0)


@pytest.fixture(scope="module")
def text(copied):
    assert run(app, ["report", str(copied)]) == 0
    return (copied / "report" / "index.html").read_text(encoding="utf-8")


def test_the_page_shows_every_part_and_needs_nothing_but_itself(text, copied, predictions, read_page):
    read = read_page(text)
    assert not re.search(r"https?://|@import|\burl\((?!#)", text)
    assert not {tag for tag, _ in read.elements} & {"script", "link", "iframe", "object", "embed", "base"}
    images = read.named("img")
    found = findings(open_run(copied), predictions, None)
    examples = [image for label in found.weakest for image in (*label.missed, *label.wrong)]
    doubts = found.doubts[:DOUBTS_SHOWN]
    assert len(images) == sum(map(len, found.cases.values())) + len(examples) + len(doubts)
    assert all(image["src"].startswith("data:image/jpeg;base64,") and image["alt"] for image in images)
    assert not any("loading" in image for image in images)  # a lazy one is blank on paper
    assert all(figure.get("aria-label") for figure in read.named("figure"))
    assert {"MS-CNN+Tags+LQP", "On MS-CNN+Tags", "quantity_visual", "In the ground truth", "seed"} <= set(
        read.words
    )
    assert [path.name for path in (copied / "report").iterdir()] == ["index.html"]
    assert str(copied) not in text


def test_the_page_compares_the_ways_to_decide(text, copied, read_page):
    read = read_page(text)
    predicted = predicted_split(copied, "test")
    comparison = predicted.how_many(bootstrap=0).comparison
    rows = {row[0]: row for row in _table(read, "way")}
    points = {row[0]: row for row in _tables(read, "way")[0]}
    for row in comparison.rows:
        assert f"{row.scores.image_f1:.2f}" in _tables(read, "way")[1][comparison.rows.index(row)]
    assert "expected F, beta 2" in rows and len(points) >= 6
    assert any(words.startswith("Best for I-F1") for words in read.words)
    assert any(words.startswith("Calibration error") for words in read.words)
    assert "Reliability of the probabilities" in read.words


@pytest.mark.exhaustive
def test_the_validation_split_has_no_other_split_to_fit_on(copied, read_page):
    predicted = predicted_split(copied, "validation")
    assert predicted.how_many(bootstrap=0) is None
    results = findings(open_run(copied), predicted.predictions, None)
    comparison = compare_run(copied, predicted.evaluate(bootstrap=0))
    assert "Reliability of the probabilities" not in read_page(page(results, comparison, None, {})).words


@pytest.mark.exhaustive
def test_two_reports_have_the_same_bytes(text, copied, tmp_path):
    assert run(app, ["report", str(copied), "--out", str(tmp_path)]) == 0
    assert (tmp_path / "index.html").read_text(encoding="utf-8") == text


def test_the_tables_hold_what_loops_over_the_predictions_count(text, copied, predictions, read_page):
    """Of classes, quantities and pairs of labels, for the row that the page names."""
    opened, read = open_run(copied), read_page(text)
    row = findings(opened, predictions, None).row
    chosen, labels = select(row, predictions, opened.config.evaluation), predictions.labels
    for name, true, given, correct, *_ in _table(read, "label"):
        j = predictions.label_names.index(name)
        counted = [sum(map(bool, rows[:, j])) for rows in (labels, chosen, labels & chosen)]
        assert [int(true), int(given), int(correct)] == counted
    assert len(_table(read, "label")) == len(predictions.label_names)
    for name, true, given in _table(read, "labels"):
        j, k = (predictions.label_names.index(label) for label in name.split(" · "))
        assert [int(true), int(given)] == [
            sum(bool(r[j] and r[k]) for r in rows) for rows in (labels, chosen)
        ]
    quantities = [int(count) for row in _table(read, "true \\ predicted") for count in row[1:]]
    assert sum(quantities) == len(predictions.ids)
    trues = [sum(map(int, row[1:])) for row in _table(read, "true \\ predicted")]
    assert trues == [sum(m == quantity for m in map(sum, labels)) for quantity in range(len(trues))]


def test_the_rows_are_those_of_the_evaluation(text, evaluation, read_page):
    rows = [row for row in _table(read_page(text), "method") if "ours" in row]
    shown = {name: cells for name, _, *cells in rows}
    for row in evaluation.rows:
        scores = row.scores
        assert shown[row.method][-2:] == [f"{scores.image_f1:.2f}", f"{scores.harmonic_f1:.2f}"]
    assert len(shown) == len(evaluation.rows)


@pytest.mark.exhaustive
def test_compared_systems_stand_beside_their_table_where_the_run_has_some(
    text, copied, predictions, evaluation, read_page
):
    assert "Compared systems" not in text and "Table III" not in text
    last = evaluation.rows[-1]
    scores = replace(last.scores, image_f1=12.34)
    warp = replace(last, method="CNN+WARP", source="compared", scores=scores)
    with_warp = replace(evaluation, rows=(*evaluation.rows, warp))
    comparison, systems = compare_run(copied, with_warp), systems_of(with_warp, "synthetic")
    results = findings(open_run(copied), predictions, None)
    read = read_page(page(results, comparison, systems, {}))
    rows = _table(read, "system")
    here = next(cells for name, side, *cells in (row for row in rows if len(row) == 9) if name == "CNN+WARP")
    assert here[5] == "12.34"
    assert any("not comparable with each other digit by digit, nor with those here" in w for w in read.words)
    assert not any(word.startswith("‡") for word in read.words)


@pytest.mark.exhaustive
def test_a_run_with_only_its_first_stage_says_what_it_lacks(copied, tmp_path, read_page):
    few = shutil.copytree(copied, tmp_path / "few")
    for folder in (few / "stages").iterdir():
        if folder.name != "cnn":
            shutil.rmtree(folder)
    shutil.rmtree(few / "predictions", ignore_errors=True)
    assert run(app, ["report", str(few)]) == 0
    read = read_page((few / "report" / "index.html").read_text(encoding="utf-8"))
    assert "No stage of this run predicts a quantity." in read.words
    assert "CNN" in [
        strong for strong, before in zip(read.words[1:], read.words, strict=False) if "row" in before
    ]
    assert any("lacks a stage of the row" in word for word in read.words)
    assert "ms_cnn" not in read.words and "cnn" in read.words


@pytest.mark.exhaustive
def test_the_page_names_a_stage_that_is_not_finished(copied, text, predictions, evaluation, tmp_path):
    assert "The stage is not finished." not in text
    begun = shutil.copytree(copied, tmp_path / "begun")
    (begun / "stages" / "quantity" / "stage.json").unlink()
    results = findings(open_run(begun), predictions, None)
    read = page(results, compare_run(begun, evaluation), None, {})
    assert read.count("The stage is not finished.") == 1


@pytest.mark.exhaustive
def test_a_page_elsewhere_leaves_the_run_as_it_was(copied, text, tmp_path):
    def state():
        return {file: file.stat().st_mtime_ns for file in copied.rglob("*")}

    before = state()
    assert run(app, ["report", str(copied), "--out", str(tmp_path / "page")]) == 0
    assert state() == before


def test_only_readings_that_concern_the_run_are_listed(copied, predictions):
    """An option of another data set's build, or of a build that is not known, is no reading in force."""
    opened = open_run(copied)
    coco = replace(opened, dataset=replace(opened.dataset, source="mscoco"))
    results = findings(coco, predictions, {"tokens": "spaces", "stop_words": "drop"})
    values = {key.name: key.value for reading in results.readings for key in reading.keys}
    assert values["mmannot-records build mscoco --tokens"] == "spaces"
    assert values["mmannot-records build mscoco --keep-untagged"] is False
    assert values["evaluation.k"] == opened.config.evaluation.k
    assert not [name for name in values if "nus-wide" in name]
    assert [line for line in results.departures if '--tokens is "spaces"' in line]
    unknown = findings(coco, predictions, None)
    assert not [key for reading in unknown.readings for key in reading.keys if "build" in key.name]
    assert not unknown.build_known and 6 in [reading.reading.number for reading in unknown.readings]


def test_names_that_are_markup_stay_words(copied, predictions, evaluation, read_page):
    opened = open_run(copied)
    names = tuple(f"{HOSTILE}{j}" for j in range(len(predictions.label_names)))
    hostile = replace(predictions, label_names=names)
    pictures = {name: Picture("data:image/jpeg;base64,", 1, 1, (HOSTILE,)) for name in predictions.ids}
    read = read_page(page(findings(opened, hostile, None), compare_run(copied, evaluation), None, pictures))
    assert not read.named("script")
    assert all(image["src"].startswith("data:") for image in read.named("img"))
    assert {HOSTILE, names[0]} <= set(read.words)


@pytest.mark.exhaustive
def test_the_page_says_what_the_build_left_out(copied, text, predictions, evaluation, read_page):
    assert _fact(read_page(text), "passed over by the build") == "nothing"
    unlisted = {"photographs": 1, "named": ["new.jpg"], "other": {}, "hidden": 0}
    left_out = {"images": {"unreadable": 2, "untagged": 0}, "unlisted": unlisted}
    results = findings(open_run(copied), predictions, None, passed_over=left_out)
    read = read_page(page(results, compare_run(copied, evaluation), None, {}))
    words = "2 unreadable files; 1 photograph that no row names (new.jpg)"
    assert _fact(read, "passed over by the build") == words


@pytest.mark.exhaustive
def test_without_records_images_are_named(copied, predictions, tmp_path, read_page):
    moved = shutil.copytree(copied, tmp_path / "moved")
    facts = json.loads((moved / "dataset.json").read_text(encoding="utf-8"))
    facts["records"]["path"] = str(tmp_path / "gone")
    del facts["seal"]  # as in runs of before: what the file states is taken
    (moved / "dataset.json").write_text(json.dumps(facts), encoding="utf-8")
    assert run(app, ["report", str(moved)]) == 0
    read = read_page((moved / "report" / "index.html").read_text(encoding="utf-8"))
    assert not read.named("img")
    assert any("images are named and not shown" in words for words in read.words)
    assert any("How the records were built is not known" in words for words in read.words)
    assert _fact(read, "passed over by the build") == "not known"
    best = findings(open_run(moved), predictions, None).cases["best"][0]
    assert any(words.startswith(f"{best.id} · F1") for words in read.words)


@pytest.mark.parametrize("package", ["jinja2", "matplotlib"])
def test_a_missing_extra_is_one_error_line(copied, monkeypatch, capsys, package):
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, package, None)
    assert run(app, ["report", str(copied)]) == 1
    error = capsys.readouterr().err
    assert re.fullmatch(rf"error: page needs .*{package}.*`pip install 'jinja2.*`\.\n", error)


def test_a_file_is_no_folder_for_the_page(copied, tmp_path, capsys):
    (tmp_path / "file").touch()
    assert run(app, ["report", str(copied), "--out", str(tmp_path / "file")]) == 1
    assert "--out must be a folder" in capsys.readouterr().err


def _edges(box):
    """The colours near the upper left and upper right corner of a box as drawn."""
    drawn = Image.open(io.BytesIO(box.screenshot())).convert("RGB")
    return drawn.getpixel((1, 3)), drawn.getpixel((drawn.width - 2, 3))


@pytest.mark.slow
def test_on_a_phone_plots_and_tables_scroll_in_letters_that_can_be_read(phone, letter_sizes, text):
    phone.set_content(text)
    assert phone.evaluate("document.documentElement.scrollWidth") == 375
    letters = letter_sizes(phone)
    assert len(letters) > 100 and min(letters) > 8.5


@pytest.mark.slow
@pytest.mark.parametrize("selector", ["#tables ~ details .scroll", "#together ~ .columns .scroll"])
def test_a_shade_lies_on_each_side_that_more_can_be_scrolled_to(phone, text, selector):
    phone.set_content(text)
    phone.evaluate("document.querySelector('#tables ~ details').open = true")
    box, paper = phone.locator(selector).first, (0x15, 0x18, 0x1C)
    left, right = _edges(box)
    assert left == paper and min(right) > 50
    box.evaluate("box => box.scrollLeft = box.scrollWidth")
    left, right = _edges(box)
    assert right == paper and (selector.startswith("#tables") or min(left) > 50)  # over a name lies no shade


@pytest.mark.slow
def test_the_name_of_a_row_stays_where_its_numbers_are_scrolled(phone, text):
    phone.set_content(text)
    phone.evaluate("document.querySelector('#tables ~ details').open = true")
    heads = phone.locator("#tables ~ details .scroll >> nth=0").locator("tbody th, td.side")

    def places():
        return [heads.nth(number).bounding_box()["x"] for number in range(4)]

    before = places()
    phone.evaluate("document.querySelector('#tables ~ details .scroll').scrollLeft = 120")
    assert phone.evaluate("document.querySelector('#tables ~ details .scroll').scrollLeft") == 120
    assert places() == before
