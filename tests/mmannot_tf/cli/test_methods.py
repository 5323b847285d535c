"""The compared systems as a user asks for them: train --methods, methods, compare --table, average."""

import json
import re
import shutil
import sys

import pytest

from mmannot_tf.baselines import METHODS
from mmannot_tf.cli.main import app
from mmannot_tf.config import loading
from mmannot_tf.runs.run import open_run
from tfrecords_tools.building import building
from tfrecords_tools.shell.console import run as run_app


@pytest.fixture(scope="module")
def run(tiny_config, tiny_records, tiny_run, tmp_path_factory):
    """The tiny run with two systems trained on top, by the command."""
    folder = tmp_path_factory.mktemp("methods")
    path = shutil.copytree(tiny_run.path, folder / "run")
    (folder / "config.toml").write_text(loading.dump(tiny_config), encoding="utf-8")
    words = ["train", folder / "config.toml", "--data", tiny_records.path, "--run", path]
    words += ["--methods", "cnn_softmax, asl", "--set", "methods.cnn_softmax.epochs=2"]
    assert run_app(app, [*map(str, words), "--set", "methods.asl.epochs=2"]) == 0
    return path


def _json(capsys, *words):
    capsys.readouterr()
    assert run_app(app, [*map(str, words), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_methods_lists_all_with_citation_and_differences(capsys):
    records = _json(capsys, "methods")
    assert [record["name"] for record in records] == list(METHODS)
    assert [record["name"] for record in records if record["later_work"]] == ["asl", "ml_decoder"]
    assert run_app(app, ["methods"]) == 0
    output = capsys.readouterr().out
    for record in records:
        assert f"{record['name']}: {record['row']}" in output
        assert all(words in output for words in (record["citation"], *record["differs"]))
    assert "decides how many labels to give" in output


@pytest.mark.exhaustive
def test_compare_sets_systems_beside_the_printed_table(run, capsys):
    comparison = _json(capsys, "compare", run, "--table", "III", "--bootstrap", 100)
    rows = {row["system"]: row for row in comparison["rows"]}
    assert rows["CNN+softmax"]["here"] and rows["CNN+softmax"]["published"]["image_f1"] == 53.03
    assert rows["RIA"]["here"] is None
    assert rows["ASL"]["here"] and rows["ASL"]["published"] is None
    assert comparison["uncertainty"]["resampling"]["draws"] == 100
    assert run_app(app, ["compare", str(run), "--table", "IV", "--bootstrap", "0"]) == 0
    output = " ".join(capsys.readouterr().out.split())
    assert "beside Table IV" in output and "comparable with each other" in output


@pytest.mark.exhaustive
def test_the_papers_own_table_leaves_the_systems_out_and_evaluate_marks_them(run, capsys):
    own = _json(capsys, "compare", run, "--bootstrap", 0)
    assert not {"CNN+softmax", "ASL"} & {row["method"] for row in own["rows"]}
    assert run_app(app, ["evaluate", str(run), "--bootstrap", "0"]) == 0
    output = capsys.readouterr().out
    assert "CNN+softmax †" in output and "ASL ‡" in output and "later work than the paper" in output


@pytest.mark.exhaustive
def test_average_of_runs(run, tmp_path, capsys):
    assert run_app(app, ["compare", str(run), "--table", "III"]) == 0
    scores = (run / "scores.json").read_bytes()
    assert b"intervals" in scores
    other = shutil.copytree(run, tmp_path / "other")
    (other / "scores.json").unlink()
    averages = _json(capsys, "average", run, other, "--table", "III")
    assert [row["method"] for row in averages["rows"]][-3:] == [
        "ASL",
        "ASL, p > 0.5",
        "ASL, chosen threshold",
    ]
    assert {row["spread"]["image_f1"] for row in averages["rows"]} == {0.0}
    assert run_app(app, ["average", str(run), "--table", "III"]) == 0
    assert "| CNN+softmax |" in capsys.readouterr().out
    assert (run / "scores.json").read_bytes() == scores
    assert not (other / "scores.json").exists()


@pytest.mark.exhaustive
def test_quickstart_shows_both_tables_and_writes_their_scores_and_page(
    run, tiny_records, tmp_path, monkeypatch, capsys
):
    """On a trained run in the quickstart's place."""
    copy = shutil.copytree(run, tmp_path / "run")
    config = open_run(copy).config
    monkeypatch.setattr(loading, "load", lambda *_: config)
    monkeypatch.setattr(building, "build_records", lambda *_, **__: tiny_records)
    assert run_app(app, ["quickstart", "--run", str(copy), "--methods", "cnn_softmax,asl"]) == 0
    output = " ".join(capsys.readouterr().out.split())
    assert "beside Table III" in output and "MS-CNN+Tags+LQP" in output and "ground truth:" in output
    assert f"report {copy / 'report' / 'index.html'}" in output
    page = (copy / "report" / "index.html").read_text(encoding="utf-8")
    assert "Compared systems beside Table III (NUS-WIDE)" in page and "CNN+softmax" in page
    scores = json.loads((copy / "scores.json").read_text())
    assert f"{scores['rows'][0]['image_f1']:.2f}" in page


@pytest.mark.exhaustive
def test_quickstart_without_the_packages_of_a_page_does_all_else_and_says_so(
    run, tiny_records, tmp_path, monkeypatch, capsys
):
    copy = shutil.copytree(run, tmp_path / "run")
    config = open_run(copy).config
    monkeypatch.setattr(loading, "load", lambda *_: config)
    monkeypatch.setattr(building, "build_records", lambda *_, **__: tiny_records)
    monkeypatch.setitem(sys.modules, "jinja2", None)
    assert run_app(app, ["quickstart", "--run", str(copy)]) == 0
    printed = capsys.readouterr()
    assert "no report: page needs Jinja2 and Matplotlib" in " ".join(printed.err.split())
    assert re.search(r"report +not written", printed.out) and (copy / "export" / "1").is_dir()
    assert not (copy / "report").exists()


@pytest.mark.parametrize("words", [("--methods", "vgg"), ("--methods", "cnn_warp,all,x")])
def test_unknown_systems_are_named(words, tiny_records, tmp_path, capsys):
    config = ["quickstart", "--data", tiny_records.path, "--run", tmp_path / "x"]
    assert run_app(app, ["train", *map(str, config), *words]) == 1
    output = capsys.readouterr().err
    assert "--methods must be all, or name" in output and "Traceback" not in output
    assert not (tmp_path / "x").exists()


def test_impossible_settings_are_refused_before_any_data_is_read(tmp_path, capsys):
    words = ["train", "quickstart", "--data", tmp_path, "--run", tmp_path / "x"]
    assert run_app(app, [*map(str, words), "--set", "methods.tag_neighbour.drawn=9"]) == 1
    assert "drawn must be at most" in capsys.readouterr().err
