"""Tables as people and spreadsheets write them: tags files, manifests, and the CSV that `annotate` writes."""

import csv
import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from mmannot_tf.cli.main import main as mmannot
from mmannot_tf.serving.annotation import Annotation
from mmannot_tf.serving.inputs.photographs import PhotographFile
from mmannot_tf.serving.outputs.csv_rows import CsvRows
from mmannot_tf.serving.outputs.record_file import RecordFile
from tfrecords_tools.cli.main import main as records
from tfrecords_tools.shell.cells import unescaped, unescaped_list

Photos = Callable[..., Path]


@pytest.fixture
def photos(tmp_path: Path) -> Photos:
    """Makes a folder of small photographs, each of its own grey level."""

    def make(*names: str, folder: str = "photos") -> Path:
        for number, name in enumerate(names):
            path = tmp_path / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (32, 32), (20 * number + 10,) * 3).save(path, format="JPEG")
        return tmp_path / folder

    return make


def annotate(run, folder: Path, table: str, capsys, *options: str, encoding: str = "utf-8"):
    """Annotates a folder with a tags file; returns the status, the tags by file name, and stderr."""
    file = folder.parent / "tags.csv"
    file.write_text(table, encoding=encoding)
    status = mmannot(["annotate", str(run.path), str(folder), "--tags-file", str(file), *options, "--json"])
    out, err = capsys.readouterr()
    document = json.loads(out) if out else {}
    tags = {Path(image["image"]).name: image["tags"] for image in document.get("photographs", ())}
    return status, tags or document, err


def test_fault_06_a_surplus_cell_is_an_error_that_says_how_to_quote(tiny_run, photos, capsys):
    status, _, err = annotate(tiny_run, photos("p1.jpg"), "image,tags\np1.jpg,tree, sky\n", capsys)
    assert status == 1
    assert "tags.csv:2: 3 cells under 2 columns (put a cell that holds ',' in double quotes)" in err


def test_fault_06_paths_match_photographs_however_they_are_written(tiny_run, photos, capsys, monkeypatch):
    folder = photos("q.jpg", "in/r.jpg", "e\u0301.jpg", "s.jpg")
    monkeypatch.chdir(folder.parent)
    table = "File;tags\n./photos/q.jpg;sea\nphotos\\in\\r.jpg;sun\né.jpg;sky\nno.jpg;x\ngone/no.jpg;x\n"
    status, tags, err = annotate(tiny_run, Path("photos"), table, capsys, "--tags", "else", encoding="utf-16")
    assert (status, tags) == (
        0,
        {"q.jpg": "sea", "r.jpg": "sun", "e\u0301.jpg": "sky", "s.jpg": "else"},
    )
    assert "tags.csv: 2 of 5 rows match no photograph: no.jpg, gone/no.jpg" in err
    assert "columns are separated by semicolons" in err


def test_fault_06_rows_of_photographs_that_are_finished_count_as_matched(tiny_run, photos, capsys):
    folder, table = photos("a.jpg", "b.jpg"), "image,tags\na.jpg,sea\ngone.jpg,sun\n"
    out = str(folder.parent / "labels.jsonl")
    for _ in range(2):
        status, document, _ = annotate(tiny_run, folder, table, capsys, "--out", out)
        assert status == 0
        assert document["tags_file"]["unmatched_images"] == ["gone.jpg"]


def test_fault_06_a_row_that_several_folders_match_is_named(tiny_run, photos, capsys):
    photos("a.jpg", folder="more")
    folder = photos("a.jpg")
    table = "image,tags\na.jpg,sea\n"
    _, _, err = annotate(tiny_run, folder, table, capsys, str(folder.parent / "more"))
    assert "tags.csv: 1 row matches several photographs each: a.jpg" in err


def check(folder: Path, manifest: str, capsys, *options: str, name: str = "own.csv"):
    """The report of `check manifest --json`, with its exit status."""
    file = folder.parent / name
    file.write_text(manifest, encoding="utf-8")
    argv = ["check", "manifest", "--raw", str(folder), "--manifest", str(file), "--json", *options]
    status = records(argv)
    out, err = capsys.readouterr()
    return status, json.loads(out) if out else {}, err


THREE = ("a.jpg", "b.jpg", "c.jpg")


def test_fault_07_quotes_after_blanks_are_quotes(photos, capsys):
    manifest = 'path, labels, tags, split\na.jpg, "beach;city", "sea;sun", train\n'
    manifest += 'b.jpg, "beach", "sea", validation\nc.jpg, "city;beach", "sun", test\n'
    status, report, _ = check(photos(*THREE), manifest, capsys)
    assert (status, report["labels"], report["vocabulary"]) == (0, ["beach", "city"], 2)


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_fault_07_the_delimiter_is_found_and_said(photos, capsys, delimiter):
    manifest = "path,labels,split\na.jpg,beach,train\nb.jpg,beach,validation\nc.jpg,beach,test\n"
    status, report, _ = check(photos(*THREE), manifest.replace(",", delimiter), capsys)
    assert (status, report["labels"]) == (0, ["beach"])
    assert "columns are separated by" in report["notes"][0]


def test_fault_07_labels_joined_by_commas_are_found_by_auto_and_said_without_it(photos, capsys):
    manifest = 'path,labels,split\na.jpg,"sea, sun",train\nb.jpg,"sea, sky",validation\nc.jpg,sea,test\n'
    folder = photos(*THREE)
    _, report, _ = check(folder, manifest, capsys)
    assert report["labels"] == ["sea", "sea, sky", "sea, sun"]
    assert any(
        "2 of 3 cells of labels hold ','" in note and "--separator auto" in note for note in report["notes"]
    )
    assert any(note.startswith("labels with a quote or a separator: ") for note in report["notes"])
    _, report, _ = check(folder, manifest, capsys, "--separator", "auto")
    assert report["labels"] == ["sea", "sky", "sun"]


def test_fault_07_columns_are_renamed_and_labels_merged(photos, capsys):
    folder = photos(*THREE)
    synonyms = folder.parent / "synonyms.csv"
    synonyms.write_text("from,to\nshore,beach\nstrand,beach\n")
    manifest = "Filename,Keywords,split,Date\na.jpg,Beach;shore,train,1\n"
    manifest += "b.jpg,beach,validation,2\nc.jpg,beach,test,3\n"
    options = ["--column", "path=Filename", "--column", "labels=Keywords", "--fold-case"]
    _, report, _ = check(folder, manifest, capsys, *options, "--synonyms", str(synonyms))
    assert report["labels"] == ["beach"]
    assert "own.csv: columns that are not read: 'Date'" in report["notes"]
    assert "no image has the labels that become others: 'strand'" in report["notes"]
    status, _, err = check(folder, manifest, capsys)
    assert status == 1 and "--column" in err


def test_fault_07_rare_and_suspicious_labels_are_listed(photos, capsys):
    names = [f"{number}.jpg" for number in range(8)]
    labels = [*[["boat"]] * 6, ["baot", "Boat"], ["boat", '"quoted']]
    rows = [{"path": name, "labels": label} for name, label in zip(names, labels, strict=True)]
    manifest = "".join(json.dumps(row) + "\n" for row in rows)
    _, report, _ = check(photos(*names), manifest, capsys, name="own.jsonl")
    notes = "\n".join(report["notes"])
    assert "labels of one image only: '\"quoted', 'baot', 'Boat'" in notes
    assert "labels with a quote or a separator: '\"quoted'" in notes
    assert "labels that may be misspellings: 'baot' of 'boat'" in notes
    assert "differ in case, blanks, commas or Unicode form only: 'Boat', 'boat'" in notes


def written(file: Path, *results: Annotation) -> list[dict[str, str]]:
    output = RecordFile(file, CsvRows(), "model")
    output.write(results)
    output.close()
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, strict=True))


def test_fault_19_labels_with_the_separator_come_back_from_the_csv(tmp_path):
    labels = ("sun; sea", 'the "old" town', "sky", r"a\x3b")
    result = Annotation("a.jpg", "", tuple((label, 0.5) for label in labels), 1.0)
    (row,) = written(tmp_path / "labels.csv", result)
    assert unescaped_list(row["labels"]) == list(labels)
    assert row["labels"].split("; ")[2] == "sky"


NAMES = ("a\rb.jpg", "a\nb.jpg", "\udcff.jpg", "=1+1.jpg", "-a.jpg", "@a.jpg", "+a.jpg", "\ta.jpg", "'=.jpg")


@pytest.mark.parametrize("name", NAMES)
def test_fault_31_and_35_any_name_is_written_as_harmless_utf_8_and_found_again(tmp_path, name):
    file = tmp_path / "labels.csv"
    (row,) = written(file, Annotation(name, "=tags", (("=label", 0.5),), 1.0))
    assert unescaped(row["image"]) == name
    assert not re.match(r"[=+\-@\t\r]", row["image"] + row["tags"]) and row["labels"] == "'=label"
    again = RecordFile(file, CsvRows(), "model")
    assert not again.wants(PhotographFile(Path(name), name))
    again.close()


def test_fault_31_a_name_that_is_no_utf_8_is_no_traceback(tiny_run, photos, capsys):
    folder = photos("a.jpg")
    name = os.fsdecode(b"\xff\r.jpg")
    (folder / "a.jpg").rename(folder / name)
    assert mmannot(["annotate", str(tiny_run.path), str(folder), "--json"]) == 0
    (photograph,) = json.loads(capsys.readouterr().out)["photographs"]
    assert photograph["image"] == str(folder / name)
    assert mmannot(["annotate", str(tiny_run.path), str(folder)]) == 0
    assert f"{folder}/\\xff\\r.jpg: " in capsys.readouterr().out


def test_fault_35_names_on_the_terminal_hold_no_escapes(photos, capsys):
    folder = photos(*THREE)
    manifest = folder.parent / "own.csv"
    name = "gone\x1b[31m.jpg"
    manifest.write_text(
        f"path,labels,split\na.jpg,x,train\nb.jpg,x,validation\nc.jpg,x,test\n{name},x,train\n"
    )
    records(["check", "manifest", "--raw", str(folder), "--manifest", str(manifest)])
    out = capsys.readouterr().out
    assert "not used: gone\\x1b[31m.jpg (own.csv:5): missing" in out
    assert "\x1b" not in out
