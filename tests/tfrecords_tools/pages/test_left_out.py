import json
from pathlib import Path

import pytest
from PIL import Image

from tfrecords_tools.building.build_tally import NAMED
from tfrecords_tools.building.building import build_records
from tfrecords_tools.building.rules import Rules
from tfrecords_tools.cli.main import main
from tfrecords_tools.manifest.settings import ManifestSettings
from tfrecords_tools.manifest.source import manifest_source
from tfrecords_tools.pages.left_out import PER_REASON, left_out
from tfrecords_tools.reading.marker import seal
from tfrecords_tools.reading.records import MARKER, Records, open_records
from tfrecords_tools.shell.errors import UserError

PLAIN = "path,labels,split\ntrain.png,dog,train\nvalidation.png,dog,validation\ntest.png,dog,test\n"


def photograph(path: Path, grey: int) -> None:
    Image.new("RGB", (400, 100), (grey, grey, 9)).save(path)


@pytest.fixture
def raw(tmp_path) -> Path:
    """Three photographs for the records; one broken, one bare, one that no row names."""
    folder = tmp_path / "raw"
    folder.mkdir()
    for number, name in enumerate(("train", "validation", "test", "bare", "extra")):
        photograph(folder / f"{name}.png", 40 * number)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff and no more")
    return folder


def built(raw: Path, rows: str) -> Records:
    (raw.parent / "own.csv").write_text(PLAIN + rows)
    rules = Rules(keep_untagged=True, bad_share=1.0)
    settings = ManifestSettings(raw.parent / "own.csv", raw, rules=rules)
    return build_records(manifest_source(settings), out=raw.parent / "out")


ROWS = "bare.png,,train\nbroken.jpg,dog,train\nmissing.png,dog,test\n"


def test_what_was_left_out_is_shown_by_reason(raw):
    found = left_out(built(raw, ROWS), raw)
    assert {what: [image.file for image in images] for what, images in found.items()} == {
        "files that cannot be used": ["broken.jpg", "missing.png"],
        "photographs without a label": ["bare.png"],
        "photographs that no row names": ["extra.png"],
    }
    (bare,), (broken, missing) = found["photographs without a label"], found["files that cannot be used"]
    assert (bare.width, bare.height, bare.problem, bare.row) == (192, 48, "", "own.csv:5")
    assert bare.image.startswith("data:image/jpeg;base64,")
    assert broken.image == missing.image == ""
    assert (broken.problem, missing.problem) == (broken.reason, "missing")


def test_without_the_folder_only_names_are_shown(raw):
    for images in left_out(built(raw, ROWS), None).values():
        assert {(image.image, image.problem) for image in images} == {("", "")}


def test_the_number_of_pictures_is_bounded_and_the_count_is_not(raw):
    for number in range(NAMED + 3):
        photograph(raw / f"{number}.png", number)
    records = built(raw, "".join(f"{number}.png,,train\n" for number in range(NAMED + 3)))
    assert len(left_out(records, None)["photographs without a label"]) == PER_REASON == NAMED
    assert records.passed_over["images"] == {"unlabelled": NAMED + 3}


def test_a_path_out_of_the_folder_is_not_opened(raw):
    records = built(raw, ROWS)
    photograph(raw.parent / "secret.png", 7)
    marker = json.loads((records.path / MARKER).read_text())
    marker["left_out"][0]["file"] = "../secret.png"
    (records.path / MARKER).write_text(json.dumps({**marker, "seal": seal(marker)}))
    (image,) = left_out(open_records(records.path), raw)["photographs without a label"]
    assert image.image == ""
    assert "leaves the folder" in image.problem


def test_records_of_before_name_what_they_do(raw):
    records = built(raw, ROWS)
    marker = json.loads((records.path / MARKER).read_text())
    del marker["left_out"], marker["passed_over"]
    (records.path / MARKER).write_text(json.dumps({**marker, "seal": seal(marker)}))
    assert [*left_out(open_records(records.path), raw)] == ["files that cannot be used"]


@pytest.mark.slow
def test_the_page_has_pictures_or_the_reason_in_their_place(raw, capsys):
    records, page = built(raw, ROWS), raw.parent / "page.html"
    assert main(["inspect", str(records.path), "--html", str(page), "--raw", str(raw)]) == 0
    text = page.read_text(encoding="utf-8")
    assert text.index("Files that cannot be used") < text.index("Samples of train")
    assert text.count("<img ") == 2 + 3  # bare and extra; a sample a split
    assert ">missing<" in text
    assert "shows their pictures" not in text
    assert main(["inspect", str(records.path), "--html", str(page)]) == 0
    assert "shows their pictures" in page.read_text(encoding="utf-8")


def test_a_folder_that_is_none_and_raw_without_a_page_are_refused(raw, capsys):
    records = built(raw, ROWS)
    with pytest.raises(UserError, match="--raw must be the folder"):
        left_out(records, raw / "none")
    assert main(["inspect", str(records.path), "--raw", str(raw)]) == 1
    assert "--raw must come with --html" in capsys.readouterr().err
