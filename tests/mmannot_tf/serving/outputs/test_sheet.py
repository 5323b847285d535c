"""`annotate --sheet`: a page of photographs with their labels."""

import base64
from io import BytesIO

import pytest
from PIL import Image

from mmannot_tf.cli.main import main
from mmannot_tf.serving.annotation import Annotation, Unreadable
from mmannot_tf.serving.outputs.sheet import WithSheet
from mmannot_tf.serving.outputs.terminal import TerminalOutput
from tfrecords_tools.shell.errors import UserError


def _sheet(tmp_path, results):
    output = WithSheet(TerminalOutput(lambda line: None), tmp_path / "sheet.html")
    assert output.write(results) == results
    assert not (tmp_path / "sheet.html").exists()
    output.close()
    return (tmp_path / "sheet.html").read_text()


def test_photographs_stand_upright_with_their_labels(tmp_path, read_page):
    photo, exif = tmp_path / "a & b.jpg", Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    Image.new("RGB", (400, 200), (200, 30, 30)).save(photo, exif=exif)
    labels = (("sky", 0.987), ("<sea>", 0.5))
    text = _sheet(tmp_path, [Annotation(str(photo), "beach, surf", labels, 2.0)])
    page = read_page(text)
    words = [word for word in page.words if word]
    assert [
        word for word in ("sky", "99 %", "<sea>", "50 %", photo.name, "Tags: beach, surf") if word in words
    ] == [
        "sky",
        "99 %",
        "<sea>",
        "50 %",
        photo.name,
        "Tags: beach, surf",
    ]
    (picture,) = page.named("img")
    small = Image.open(BytesIO(base64.b64decode(picture["src"].partition(",")[2])))
    assert small.size == (160, 320)


def test_unreadable_ones_and_those_without_a_label_are_said(tmp_path, read_page):
    Image.new("RGB", (8, 8)).save(tmp_path / "none.png")
    results = [
        Unreadable("broken.jpg", "", "truncated <JPEG>"),
        Annotation(str(tmp_path / "none.png"), "", (), 0.2),
    ]
    page = read_page(_sheet(tmp_path, results))
    assert {"broken.jpg", "truncated <JPEG>", "no label"} <= set(page.words)
    assert len(page.named("img")) == 1


@pytest.mark.parametrize("name", ["sheet.pdf", "folder.html"])
def test_another_kind_of_file_is_refused(tmp_path, name):
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(UserError, match=r"--sheet must be a file( that ends in \.html)?\."):
        WithSheet(TerminalOutput(None), tmp_path / name)


@pytest.mark.slow
def test_the_command_writes_it_beside_another_output(tiny_run, photos, tmp_path, capsys):
    sheet, out = tmp_path / "sheet.html", tmp_path / "labels.jsonl"
    arguments = ["annotate", str(tiny_run.path), str(photos), "--sheet", str(sheet), "--out", str(out)]
    assert main(arguments) == 0
    assert f"written: {sheet}" in capsys.readouterr().err
    assert sheet.read_text().count("<li>") == len(out.read_text().splitlines()) == 4
    assert sheet.read_text().endswith("</html>\n")
