"""What a person decides on the page at `/`, and what can be taken along: read back by other readers."""

import csv
import io
import json
import zipfile
from pathlib import Path

import pytest

from tfrecords_tools.manifest.rows import read_rows
from tfrecords_tools.photographs.keyword_fields import SUBJECT, added_labels
from tfrecords_tools.photographs.xmp import XmpPacket
from tfrecords_tools.shell.errors import UserError

pytest.importorskip("playwright", reason="needs Playwright: make lint installs it")
from playwright.sync_api import expect

pytestmark = pytest.mark.slow

expect.set_options(timeout=30_000)  # milliseconds; a busy machine takes more than the usual five seconds


def _annotated(page, *files, tags=""):
    """Adds photographs, and returns the cards of all."""
    before = page.locator("#cards > li").count()
    page.get_by_label("Tags of the photographs").fill(tags)
    page.get_by_label("Choose photographs").set_input_files([*files])
    cards = page.locator("#cards > li")
    for number in range(before, before + len(files)):
        expect(cards.nth(number).get_by_role("button", name="Accept sky")).to_be_visible()
    return cards.all()


def _downloaded(page, button):
    with page.expect_download() as waiting:
        page.get_by_role("button", name=f"Download {button}").click()
    return Path(waiting.value.path()).read_bytes()


def _table(page, button):
    """By Python's own reader of CSV."""
    return [*csv.DictReader(io.StringIO(_downloaded(page, button).decode("utf-8"), newline=""))]


def _press(card, *names):
    for name in names:
        card.get_by_role("button", name=name, exact=True).click()


def _rows(folder, table):
    """By the reader of the builder of records."""
    file = folder / "manifest.csv"
    with file.open("w", newline="", encoding="utf-8") as opened:
        csv.writer(opened).writerows([[*table[0]], *([*row.values()] for row in table)])
    return read_rows(file, separator=";", labels=None).valid


def test_the_manifest_tells_given_rejected_and_not_looked_at_apart(visit, file):
    page = visit()
    expect(page.locator("#take")).to_be_hidden()
    first, second, third, _ = _annotated(page, *(file(f"{name}.png") for name in "abcd"), tags="Beach, café")
    page.get_by_role("button", name="Download manifest").click()
    expect(page.get_by_role("status")).to_contain_text("Nothing is looked at yet")
    _press(first, "Accept sky", "Reject person")
    first.get_by_label("Add labels").fill("surf , dog;SEA")
    first.get_by_label("Add labels").press("Enter")
    _press(second, "Reject sky", "Accept person")
    third.get_by_label("Looked at fully").check()
    _press(third, "Accept sky")
    expect(third).to_contain_text("Not accepted, so absent: sea, person.")
    expect(page.locator("#looked")).to_have_text("Looked at: 3 of 4. Not all of it is downloaded yet.")
    assert _table(page, "manifest") == [
        {"path": "a.png", "labels": "sky;surf;dog;sea", "absent": "person", "tags": "Beach;café"},
        {"path": "b.png", "labels": "person", "absent": "sky", "tags": "Beach;café"},
        {"path": "c.png", "labels": "sky", "absent": "*", "tags": "Beach;café"},
    ]
    expect(page.get_by_role("status")).to_have_text("Downloaded 3 looked at; left out 1 not looked at.")
    expect(page.locator("#looked")).to_have_text("Looked at: 3 of 4.")


def test_a_decision_can_be_changed_and_taken_back(visit, file):
    page = visit()
    (card,) = _annotated(page, file())
    accept, reject = (card.get_by_role("button", name=f"{word} sky") for word in ("Accept", "Reject"))
    for pressed, states in ((accept, (True, False)), (reject, (False, True)), (reject, (False, False))):
        pressed.press("Space")
        for button, state in zip((accept, reject), states, strict=True):
            expect(button).to_have_attribute("aria-pressed", str(state).lower())
            expect(pressed).to_be_focused()
    expect(page.locator("#looked")).to_contain_text("Looked at: 0 of 1.")
    _press(card, "Reject sea", "Accept the rest above the cut")
    assert _table(page, "manifest") == [{"path": "sea.png", "labels": "sky", "absent": "sea", "tags": ""}]


def test_predictions_are_never_passed_off_as_looked_at(visit, file, tmp_path):
    page = visit()
    first, _ = _annotated(page, file("a, 1.png"), file("b.png", 100), tags='Beach, "zyx"')
    _press(first, "Reject sky")
    table = _table(page, "predictions")
    assert table == [
        {"path": "a, 1.png", "predicted": "sky;sea", "tags": 'Beach;"zyx"'},
        {"path": "b.png", "predicted": "sky;sea", "tags": 'Beach;"zyx"'},
    ]
    manifest = tmp_path / "predictions.csv"
    manifest.write_text("path,predicted,tags\na.png,sky,\n", encoding="utf-8")
    with pytest.raises(UserError, match="columns must be some of"):
        read_rows(manifest, separator=";", labels=None)
    renamed = read_rows(manifest, separator=";", labels=None, renamed={"labels": "predicted"})
    assert renamed.valid[0].labels == ("sky",)


def test_json_holds_predictions_and_decisions(visit, file):
    page = visit()
    first, second = _annotated(page, file("a.png"), file("b.png"))
    _press(first, "Reject sky", "Accept sea")
    second.get_by_label("Looked at fully").check()
    documents = json.loads(_downloaded(page, "JSON"))
    keys = ("image", "given", "absent", "all_others_absent")
    assert [[document[key] for key in keys] for document in documents] == [
        ["a.png", ["sea"], ["sky"], False],
        ["b.png", [], [], True],
    ]
    assert documents[0]["annotations"] == [{"label": "sky", "probability": 1.0}]
    for _ in range(2):
        page.get_by_role("button", name="Remove").first.click()
    expect(page.locator("#take")).to_be_hidden()


def test_no_cell_is_a_formula_and_names_are_read_back_as_they_were(visit, file, tmp_path):
    page = visit()
    names = ["=1+1.png", "+a.png", "-b.png", "@c.png", '"d", e;f.png']
    cards = _annotated(page, *map(file, names), tags="=tag")
    added = ['=HYPERLINK("x")', "+1", "-dog", "@sum", "<b>bold</b>"]
    for card, label in zip(cards, added, strict=True):
        card.get_by_label("Add labels").fill(label)
        card.get_by_label("Add labels").press("Enter")
        _press(card, "Reject sky")
    cards[4].get_by_label("Add labels").fill("*")
    cards[4].get_by_label("Add labels").press("Enter")
    _press(cards[4], "Reject *")
    table = _table(page, "manifest")
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in table for cell in row.values())
    assert table[4]["absent"] == "sky;\\x2a"
    rows = _rows(tmp_path, table)
    assert [row.path for row in rows] == names
    assert [row.labels for row in rows] == [(label,) for label in added]
    assert {row.tags for row in rows} == {("=tag",)}
    assert [row.absent for row in rows[:4]] == [("sky",)] * 4


def test_decisions_outlast_the_cut_new_tags_new_photographs_and_a_failure(visit, file):
    page = visit()
    (card,) = _annotated(page, file())
    card.get_by_label("Add labels").fill("dog")
    card.get_by_label("Add labels").press("Enter")
    _press(card, "Accept sky", "Reject person")
    page.get_by_label("How many labels").select_option("top_k")
    expect(card.locator(".cut")).to_have_text("cut after 3")
    page.get_by_label("at most").fill("0")
    expect(card.locator(".cut").first).to_have_text("cut after 0")
    card.get_by_label("Tags").fill("beach")
    card.get_by_label("Tags").press("Enter")
    expect(card.locator(".answers section")).to_have_count(2)
    assert card.get_by_role("button", name="Accept").count() == 5  # four labels, and all above the cut
    _annotated(page, file("later.png"))
    page.route("**/annotate*", lambda route: route.abort("connectionrefused"))
    card.get_by_role("button", name="Annotate").click()
    expect(card.get_by_role("alert")).to_have_text("The server does not respond.")
    expect(card.get_by_role("button", name="Reject person")).to_have_attribute("aria-pressed", "true")
    assert _table(page, "manifest") == [
        {"path": "sea.png", "labels": "dog;sky", "absent": "person", "tags": "beach"}
    ]


def test_leaving_is_asked_about_while_decisions_are_not_downloaded(visit, file):
    page, asked = visit(), []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    (card,) = _annotated(page, file())
    page.reload()
    assert asked == []
    (card,) = _annotated(page, file())
    _press(card, "Accept sky")
    page.reload()
    assert asked == ["beforeunload"]
    (card,) = _annotated(page, file())
    _press(card, "Accept sky")
    _downloaded(page, "manifest")
    page.reload()
    assert asked == ["beforeunload"]


def test_sidecars_of_the_batch(visit, file, tmp_path):
    page = visit()
    first, second, _ = _annotated(page, file(), file("<b>.png"), file())
    _press(first, "Reject sky", "Accept sea")
    second.get_by_label("Add labels").fill("été & <i>")
    second.get_by_label("Add labels").press("Enter")
    with zipfile.ZipFile(io.BytesIO(_downloaded(page, "sidecars"))) as archive:
        archive.extractall(tmp_path)
        names = archive.namelist()
    assert names == ["sea.png.xmp", "<b>.png.xmp", "2/sea.png.xmp"]
    packets = [XmpPacket((tmp_path / name).read_bytes()) for name in names]
    assert [packet.values(SUBJECT.name) for packet in packets] == [["sea"], ["été & <i>", "sky"], ["sky"]]
    assert [added_labels(packet) for packet in packets] == [[], ["sky"], ["sky"]]
    expect(page.get_by_role("status")).to_have_text("Downloaded the sidecars of 3.")


def test_a_refusal_of_sidecars_is_said(visit, file):
    page = visit()
    _annotated(page, file())
    page.route("**/sidecars", lambda route: route.fulfill(status=503, json={"error": "busy"}))
    page.get_by_role("button", name="Download sidecars").click()
    expect(page.get_by_role("status")).to_have_text("No sidecars: busy")


def test_photographs_of_a_folder_keep_their_paths(visit, file, tmp_path):
    page = visit()
    for name in ("2019/a.png", "2020/a.png"):
        (tmp_path / "trip" / name).parent.mkdir(parents=True)
        (tmp_path / "trip" / name).write_bytes(file()["buffer"])
    page.locator("#folder").set_input_files(tmp_path / "trip")
    expect(page.get_by_role("status")).to_have_text("Annotated: 2.")
    for card in page.locator("#cards > li").all():
        _press(card, "Accept sky")
    paths = [row["path"] for row in _table(page, "manifest")]
    assert paths == ["trip/2019/a.png", "trip/2020/a.png"]
    with zipfile.ZipFile(io.BytesIO(_downloaded(page, "sidecars"))) as archive:
        assert archive.namelist() == [f"{path}.xmp" for path in paths]


def test_a_folder_can_be_dropped(visit, file, tmp_path):
    page = visit()
    for name in ("b/2.png", "b/1.png", "a.png", "notes.txt"):
        (tmp_path / "trip" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "trip" / name).write_bytes(file()["buffer"])
    devtools = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(tmp_path / "trip")], "dragOperationsMask": 1}

    def drag(kind):
        devtools.send("Input.dispatchDragEvent", {"type": kind, "x": 300, "y": 300, "data": data})

    page.evaluate("addEventListener('dragover', () => { window.isOver = true; })")
    drag("dragEnter")
    drag("dragOver")
    page.wait_for_function("window.isOver")  # Chromium drops nothing before the page has said that it may
    drag("dragOver")
    drag("drop")
    expect(page.get_by_role("status")).to_have_text(
        "Annotated: 3. Skipped, for they are no photographs: trip/notes.txt."
    )
    expect(page.locator("figcaption")).to_have_text(["trip/a.png", "trip/b/1.png", "trip/b/2.png"])


def test_photographs_of_one_path_are_named(visit, file):
    page = visit()
    for card in _annotated(page, file(), file()):
        _press(card, "Accept sky")
    _table(page, "manifest")
    expect(page.get_by_role("status")).to_contain_text("Several photographs have the same path: sea.png.")
