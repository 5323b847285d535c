import re
import shutil
import sys
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from mmannot_tf.cli.compare import comparison_of
from mmannot_tf.cli.evaluate import evaluation_of
from mmannot_tf.cli.main import app
from mmannot_tf.evaluation.predictions import Predictions
from mmannot_tf.report.findings import findings
from mmannot_tf.report.page import page
from mmannot_tf.report.pictures import Picture
from tfrecords_tools.console import run

HOSTILE = "</bdi><script>alert('{{ 7 * 7 }}')</script><img src=\"http://example.org\">"


class Reader(HTMLParser):
    """The elements and words of a page."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.words = [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data.strip())

    def named(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def copied(tiny_run, tmp_path_factory):
    return shutil.copytree(tiny_run.path, tmp_path_factory.mktemp("report") / "run")


@pytest.fixture(scope="module")
def text(copied):
    assert run(app, ["report", str(copied)]) == 0
    return (copied / "report" / "index.html").read_text(encoding="utf-8")


def test_the_page_shows_every_part_and_needs_nothing_but_itself(text, copied):
    read = Reader(text)
    assert not re.search(r"https?://|@import|\burl\((?!#)", text)
    assert not {tag for tag, _ in read.elements} & {"script", "link", "iframe", "object", "embed", "base"}
    images = read.named("img")
    assert len(images) == 24
    assert all(one["src"].startswith("data:image/jpeg;base64,") and one["alt"] for one in images)
    assert all(figure.get("aria-label") for figure in read.named("figure"))
    assert {"MS-CNN+Tags+LQP", "On MS-CNN+Tags", "quantity_visual", "In the ground truth", "seed"} <= set(
        read.words
    )
    assert [path.name for path in (copied / "report").iterdir()] == ["index.html"]
    assert str(copied) not in text


def test_two_reports_have_the_same_bytes(text, copied, tmp_path):
    assert run(app, ["report", str(copied), "--out", str(tmp_path)]) == 0
    assert (tmp_path / "index.html").read_text(encoding="utf-8") == text


def test_names_that_are_markup_stay_words(text, tiny_run, copied):
    from mmannot_tf.training.run import open_run

    opened = open_run(copied)
    predictions = Predictions.load(opened.predictions("test"))
    names = tuple(f"{HOSTILE}{j}" for j in range(len(predictions.label_names)))
    hostile = replace(predictions, label_names=names)
    comparison = comparison_of(copied, evaluation_of(copied, "test", bootstrap=0))
    pictures = {name: Picture("data:image/jpeg;base64,", 1, 1, (HOSTILE,)) for name in predictions.ids}
    read = Reader(page(findings(opened, hostile), comparison, pictures))
    assert not read.named("script")
    assert all(one["src"].startswith("data:") for one in read.named("img"))
    assert {HOSTILE, names[0]} <= set(read.words)


def test_without_records_images_are_named(copied, text):
    from mmannot_tf.training.run import open_run

    opened = open_run(copied)
    found = findings(opened, Predictions.load(opened.predictions("test")))
    comparison = comparison_of(copied, evaluation_of(copied, "test", bootstrap=0))
    read = Reader(page(found, comparison, {}))
    assert not read.named("img")
    assert any("not at hand" in words for words in read.words)
    assert any(found.cases["best"][0].id in words for words in read.words)


@pytest.mark.parametrize("package", ["jinja2", "matplotlib"])
def test_a_missing_extra_is_told_in_one_line(copied, monkeypatch, capsys, package):
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, package, None)
    assert run(app, ["report", str(copied)]) == 1
    error = capsys.readouterr().err
    assert re.fullmatch(rf"error: page needs .*{package}.*`pip install mmannot-tf\[report\]`\.\n", error)


def test_a_file_is_no_folder_for_the_page(copied, tmp_path, capsys):
    (tmp_path / "file").touch()
    assert run(app, ["report", str(copied), "--out", str(tmp_path / "file")]) == 1
    assert "--out must be a folder" in capsys.readouterr().err
