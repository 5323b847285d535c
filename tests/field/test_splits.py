"""Splits and names: leakage, COCO's folders, and what check and build say of what they pass over."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tfrecords_tools.cli.main import main
from tfrecords_tools.mscoco.settings import MscocoSettings
from tfrecords_tools.mscoco.source import mscoco_source
from tfrecords_tools.reading.marker import seal
from tfrecords_tools.reading.records import MARKER, open_records
from tfrecords_tools.shell.files import read_json, write_json


def paint(path: Path, seed: int, *, quality: int = 95) -> None:
    """A photograph of a few soft blots."""
    path.parent.mkdir(parents=True, exist_ok=True)
    blots = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    Image.fromarray(blots).resize((64, 64), Image.Resampling.BICUBIC).save(
        path, quality=quality, format="JPEG"
    )


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder with a manifest own.csv and its photographs; t.jpg in test has the bytes of a.jpg in train."""
    rows = {"a.jpg": "train", "b.jpg": "train", "v.jpg": "validation", "t.jpg": "test", "u.jpg": "test"}
    for seed, name in enumerate(rows):
        paint(tmp_path / "raw" / name, seed)
    shutil.copy(tmp_path / "raw" / "a.jpg", tmp_path / "raw" / "t.jpg")
    lines = [f"{name},{'sea' if name == 'a.jpg' else 'sky'},{split}" for name, split in rows.items()]
    (tmp_path / "own.csv").write_text("\n".join(["path,labels,split", *lines]) + "\n")
    return tmp_path


def call(own: Path, command: str, *options: str) -> int:
    where = ["--raw", str(own / "raw"), "--manifest", str(own / "own.csv")]
    return main([command, "manifest", *where, *options])


def report(own: Path, capsys, *options: str) -> tuple[int, dict]:
    status = call(own, "check", "--json", *options)
    return status, json.loads(capsys.readouterr().out)


def test_fault_09_the_same_picture_in_train_and_test_is_leakage(own, capsys):
    status, found = report(own, capsys)
    assert (status, found["leakage"]) == (1, [{"train": ["a.jpg"], "test": ["t.jpg"]}])
    assert report(own, capsys, "--accept", "leakage")[0] == 0
    call(own, "check")
    assert "leakage: a.jpg (train), t.jpg (test)" in capsys.readouterr().out


@pytest.mark.parametrize(("keep", "kept"), [("keep-train", (2, 1, 1)), ("keep-test", (1, 1, 2))])
def test_fault_09_one_side_can_be_kept(own, capsys, keep, kept):
    status, found = report(own, capsys, "--leakage", keep, "--accept", "leakage")
    assert status == 0
    assert tuple(split["kept"] for split in found["splits"].values()) == kept
    assert found["lost"] == {"leakage": 1}


def test_fault_09_build_says_so_and_keeps_one_side(own, capsys):
    out = ["--out", str(own / "out")]
    assert call(own, "build", *out) == 0
    said = capsys.readouterr()
    assert "leakage: a.jpg (train), t.jpg (test)" in said.err and "--leakage" in said.err
    assert "leakage" not in said.out
    assert call(own, "build", *out, "--leakage", "keep-train") == 1
    assert "leakage" in capsys.readouterr().err
    assert call(own, "build", *out, "--leakage", "keep-train", "--overwrite") == 0
    said = capsys.readouterr()
    assert "test: 1 image of 2" in said.out and "leakage:" not in said.err
    assert "passed over: 1 copy of a photograph in another split" in said.out


def test_fault_09_placeholders_and_dropped_photographs_are_no_leakage(own, capsys):
    assert report(own, capsys, "--placeholder-copies", "2", "--bad-share", "0.5")[1]["leakage"] == []
    (own / "own.csv").write_text((own / "own.csv").read_text().replace("a.jpg,sea", "a.jpg,"))
    assert report(own, capsys)[1]["leakage"] == []


def test_fault_09_near_duplicates_are_a_note_on_request(own, capsys):
    pytest.importorskip("imagehash")
    paint(own / "raw" / "u.jpg", 1, quality=60)  # b.jpg again
    status, found = report(own, capsys, "--near-duplicates", "--accept", "leakage")
    assert (status, found["near_duplicates"]) == (0, [["b.jpg (train)", "u.jpg (test)"]])
    assert report(own, capsys)[1]["near_duplicates"] is None


def test_fault_10_folders_in_file_names_of_coco_are_used(tmp_path):
    names = ["a/1.jpg", "b\\1.jpg", "1.jpg", "./train2017/b/2.jpg"]
    (tmp_path / "annotations").mkdir()
    for half, files in {"train2017": names, "val2017": ["1.jpg"]}.items():
        images = [
            {"id": number + (100 if half == "val2017" else 0), "file_name": name}
            for number, name in enumerate(files)
        ]
        objects = [{"id": image["id"], "image_id": image["id"], "category_id": 1} for image in images]
        content = {"images": images, "annotations": objects, "categories": [{"id": 1, "name": "dog"}]}
        (tmp_path / "annotations" / f"instances_{half}.json").write_text(json.dumps(content))
        captions = {"images": images, "annotations": []}
        (tmp_path / "annotations" / f"captions_{half}.json").write_text(json.dumps(captions))
        for seed, name in enumerate(["a/1.jpg", "b/1.jpg", "1.jpg", "b/2.jpg"]):
            paint(tmp_path / half / name, seed)
    source = mscoco_source(MscocoSettings(raw=tmp_path))
    found = {
        example.id: example.image
        for name in ("train", "validation")
        for example in source.splits[name].examples()
    }
    expected = ["a/1.jpg", "b/1.jpg", "1.jpg", "b/2.jpg"]
    assert found == {str(number): tmp_path / "train2017" / name for number, name in enumerate(expected)}


def test_fault_11_check_and_build_name_folder_and_row(own, capsys):
    paint(own / "raw" / "zoo" / "deep" / "x.jpg", 9)
    (own / "raw" / "zoo" / "deep" / "x.jpg").write_bytes(b"no image")
    with (own / "own.csv").open("a") as file:
        file.write("zoo/deep/x.jpg,sea,train\n")
    _, found = report(own, capsys)
    assert [(image["file"], image["row"]) for image in found["refused"]] == [("zoo/deep/x.jpg", "own.csv:7")]
    assert call(own, "build", "--out", str(own / "out"), "--bad-share", "0.5") == 0
    said = capsys.readouterr()
    assert "unreadable: zoo/deep/x.jpg (own.csv:7): " in said.err and "x.jpg" not in said.out
    call(own, "check")
    assert "not used: zoo/deep/x.jpg (own.csv:7): " in capsys.readouterr().out


def test_fault_11_check_says_that_a_build_would_stop(own, capsys):
    (own / "own.csv").write_text(
        "path,labels,split\na.jpg,sea,train\nb.jpg,sea,train\nv.jpg,sea,validation\n"
    )
    status, found = report(own, capsys)
    assert (status, found["stops"]) == (1, ["no image for test"])
    call(own, "check")
    assert "would stop: no image for test" in capsys.readouterr().out
    assert call(own, "build", "--out", str(own / "out")) == 1
    assert "split 'test' must hold an image" in capsys.readouterr().err


def test_fault_11_an_absolute_path_in_the_raw_folder_is_that_file(own, capsys):
    text = (own / "own.csv").read_text()
    (own / "own.csv").write_text(text.replace("u.jpg", f"{own}/raw/u.jpg").replace("b.jpg", ".\\b.jpg"))
    status, found = report(own, capsys, "--accept", "leakage")
    assert (status, found["label_errors"], found["lost"]) == (0, [], {})


def test_deliver_5_what_is_passed_over_is_one_summary_everywhere(own, capsys, read_page):
    raw = own / "raw"
    for name in (
        "more/extra.jpg",
        "more/.hidden.jpg",
        "@eaDir/thumb.jpg",
        "notes.txt",
        "clip.mp4",
        "other.mp4",
    ):
        paint(raw / name, 7)
    with (own / "own.csv").open("a") as file:
        file.write("gone.jpg,sea,train\nb.jpg,sea,train\nv2.jpg,,train\n")
    paint(raw / "v2.jpg", 8)
    options = ["--repair-labels", "--bad-share", "0.5"]
    (own / "own.csv").write_text((own / "own.csv").read_text().replace(",", ";"))
    _, found = report(own, capsys, *options)
    unlisted = {"photographs": 1, "named": ["more/extra.jpg"], "other": {".mp4": 2, ".txt": 1}, "hidden": 2}
    assert found["passed_over"] == {
        "images": {"missing": 1, "unlabelled": 1, "label-errors": 1},
        "unlisted": unlisted,
    }
    assert report(own, capsys, *options, "--no-unlisted")[1]["passed_over"]["unlisted"] is None
    assert call(own, "build", "--out", str(own / "out"), *options) == 0
    summary = (
        "passed over: 1 row without a file; 1 photograph without a label; 1 row with an error; "
        "1 photograph that no row names (more/extra.jpg); 3 other files (2 .mp4, 1 .txt); "
        "2 hidden files and folders"
    )
    said = capsys.readouterr()
    assert summary in said.out
    notes = ["note: own.csv: columns are separated by semicolons", "repaired: own.csv:8: "]
    assert all(note in said.err and note not in said.out for note in notes)
    again = own / "again"
    call(own, "build", "--out", str(again), *options, "--dry-run")
    assert summary in capsys.readouterr().out
    call(own, "build", "--out", str(again), *options, "--dry-run", "--no-unlisted")
    assert summary.split("; 1 photograph that no row")[0] + "\n" in capsys.readouterr().out
    assert not again.exists()
    call(own, "check", *options)
    assert summary in capsys.readouterr().out
    assert main(["inspect", str(own / "out")]) == 0
    assert summary in capsys.readouterr().out
    page = own / "page.html"
    assert main(["inspect", str(own / "out"), "--json", "--html", str(page)]) == 0
    assert json.loads(capsys.readouterr().out)["passed_over"] == found["passed_over"]
    rows = [row for table in read_page(page.read_text()).tables for row in table if "other files" in row[0]]
    assert rows == [["other files", "3", "2 .mp4, 1 .txt"]]


def test_deliver_5_records_that_do_not_say_what_was_passed_over_are_taken(own, capsys):
    assert call(own, "build", "--out", str(own / "out"), "--no-unlisted") == 0
    records = open_records(own / "out")
    assert records.passed_over == {"images": {}, "unlisted": None}
    marker = read_json(records.path / MARKER, "marker")
    del marker["passed_over"]  # as in records of before
    write_json(records.path / MARKER, {**marker, "seal": seal(marker)})
    assert open_records(own / "out").passed_over is None
    capsys.readouterr()
    assert main(["inspect", str(own / "out")]) == 0
    assert "passed over" not in capsys.readouterr().out
