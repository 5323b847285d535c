import json
import re
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tfrecords_tools.building.building import build_records
from tfrecords_tools.building.rules import Rules
from tfrecords_tools.building.source import RecordSource, Split
from tfrecords_tools.cli.main import main
from tfrecords_tools.pages.page import _columns, page, write_page
from tfrecords_tools.pages.samples import samples
from tfrecords_tools.reading.example import Example
from tfrecords_tools.reading.inspection import inspect
from tfrecords_tools.reading.published import PublishedCounts
from tfrecords_tools.reading.records import VOCABULARY, Records
from tfrecords_tools.reading.verification import verify
from tfrecords_tools.reading.vocabulary import read_vocabulary
from tfrecords_tools.shell.errors import UserError

SCRIPT = "<script>alert(1)</script>"
QUOTE = "\"><img src=x onerror='alert(2)'>&amp;"
MATHS = r"$\frac{1}{2}$"
LABELS = (SCRIPT, QUOTE, MATHS, "犬", "a label of a great many words, one after another", "{{ 7 * 7 }}")


def _table(read, *head: str) -> dict[str, list[str]]:
    """The rows below the table of that head, by their first cell."""
    (rows,) = [rows for rows in read.tables if rows[0] == list(head)]
    return {row[0]: row[1:] for row in rows[1:]}


def write(records: Records, path: Path) -> str:
    write_page(path, records, inspect(records))
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def text(built: Records, tmp_path_factory: pytest.TempPathFactory) -> str:
    return write(built, tmp_path_factory.mktemp("page") / "page.html")


def encoded(mode: str, kind: str) -> bytes:
    file = BytesIO()
    options = {"transparency": b"\x00\xff"} if kind == "PNG" else {}
    Image.new(mode, (300, 20)).save(file, format=kind, **options)
    return file.getvalue()


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory, make_jpeg) -> Records:
    """Words that are markup, in every place where a word can stand, and images of every kind."""
    images = [
        make_jpeg(1),
        encoded("L", "JPEG"),
        encoded("CMYK", "JPEG"),
        encoded("P", "PNG"),
        encoded("L", "GIF"),
    ]

    def some(split: str) -> Iterator[Example]:
        for number, label in enumerate(LABELS):
            tags = (QUOTE, SCRIPT, f"tag {number}", MATHS)
            yield Example(f"{split}{SCRIPT}{number}", images[number % 5], (label,), tags, (QUOTE, "b"))
        yield Example(f"{split} bare", images[0], (), (), ())

    source = RecordSource(
        name="hostile",
        config="default",
        labels=LABELS,
        settings={SCRIPT: QUOTE, "files": {QUOTE: SCRIPT}, "years": [2014, 2017], "none": None},
        splits={split: Split(7, lambda split=split: some(split)) for split in ("train", "test")},
        rules=Rules(keep_unlabelled=True, keep_untagged=True, placeholder_copies=0),
        published=(PublishedCounts(f"{SCRIPT} http://example.org", 1, 2),),
        has_groups=True,
    )
    return build_records(source, out=tmp_path_factory.mktemp("hostile"))


def test_the_page_holds_what_inspect_counts(built: Records, text: str, read_page):
    counts, read = inspect(built), read_page(text)
    splits = counts["splits"]
    assert _table(read, "split", "images", "labels/image", "tags/image", "without tags") == {
        name: [
            f"{split['images']:,}",
            f"{split['labels_per_image']:.2f}",
            f"{split['tags_per_image']:.2f}",
            str(split["without_tags"]),
        ]
        for name, split in splits.items()
    }
    assert _table(read, "label", *splits) == {
        label: [str(split["label_frequencies"][label]) for split in splits.values()] for label in built.labels
    }
    quantities = _table(read, "labels", *splits)
    for place, split in enumerate(splits.values()):
        histogram = {quantity: row[place] for quantity, row in quantities.items() if row[place] != "0"}
        assert histogram == {quantity: str(images) for quantity, images in split["labels_histogram"].items()}
    tags = read_vocabulary(built.path / VOCABULARY)[:50]
    assert _table(read, "tag", "train") == {tag: [str(count)] for tag, count in tags}
    assert {built.digest, "synthetic", "validation share", "0.25"} <= set(read.words)


def test_settings_that_count_images_say_which_and_years_stay_years(built: Records, read_page):
    settings = {"images": 6600, "test_images": 1200, "year": 2014, "split_seed": 12345, "digest": "a" * 64}
    counts = {**inspect(built), "settings": settings}
    words = read_page(page(counts, samples={}, vocabulary=[], left_out={}, pictured=False)).words
    facts = [
        word for word in words[words.index("Settings of the build") + 1 : words.index("Provenance")] if word
    ]
    assert facts == [
        *("images for training and validation", "6,600", "images for test", "1,200"),
        *("year", "2014", "split seed", "12345", "digest", "a" * 64),
    ]


@pytest.mark.parametrize(
    ("labels", "tags", "first"),
    [
        (14, 50, ["labels", "quantities", "ranks"]),  # 328 + 300 + 300 beside 940
        (40, 50, ["labels", "quantities"]),  # 770 + 300 beside 300 + 940
        (80, 50, ["labels"]),  # 1450 beside 300 + 300 + 940
        (120, 10, ["labels"]),
        (2, 0, ["labels"]),
    ],
)
def test_the_two_columns_of_plots_end_at_nearly_the_same_height(labels: int, tags: int, first: list[str]):
    left, right = _columns(labels, tags)
    assert left == first
    assert left + right == ["labels", "quantities", *(["ranks", "tags"] if tags else [])]


def test_labels_stand_by_falling_frequency_in_training(built: Records, text: str, read_page):
    frequencies = [int(row[0]) for row in _table(read_page(text), "label", *built.splits).values()]
    assert frequencies == sorted(frequencies, reverse=True)


def test_the_page_needs_nothing_but_itself(text: str, read_page):
    assert not re.search(r"https?://|@import|\burl\((?!#)", text)
    elements = read_page(text).elements
    assert not {tag for tag, _ in elements} & {"script", "link", "iframe", "object", "embed", "base"}
    sources = [attributes["src"] for _, attributes in elements if "src" in attributes]
    assert len(sources) == 12 + 10 + 12
    assert all(source.startswith("data:image/jpeg;base64,") for source in sources)
    links = [value for _, attributes in elements for key, value in attributes.items() if key.endswith("href")]
    assert all(link.startswith("#") for link in links)


def test_every_picture_has_words_in_its_place_and_ids_are_unique(text: str, read_page):
    elements = read_page(text).elements
    assert all(attributes.get("alt") for tag, attributes in elements if tag == "img")
    assert all(attributes.get("aria-label") for tag, attributes in elements if tag == "figure")
    ids = [
        attributes["id"]
        for tag, attributes in elements
        if "id" in attributes and tag not in {"path", "clippath"}
    ]
    assert len(ids) == len(set(ids))
    assert [tag for tag, _ in elements].count("h1") == 1


@pytest.mark.slow
def test_two_pages_of_the_same_records_have_the_same_bytes(built: Records, text: str, tmp_path: Path):
    assert write(built, tmp_path / "again.html") == text


def test_words_that_are_markup_stay_words(hostile: Records, tmp_path: Path, read_page):
    text = write(hostile, tmp_path / "page.html")
    read = read_page(text)
    tags = {tag for tag, _ in read.elements}
    assert "script" not in tags
    assert not [attributes for _, attributes in read.elements if "onerror" in attributes]
    assert all(attributes["src"].startswith("data:") for tag, attributes in read.elements if tag == "img")
    assert set(_table(read, "label", "train", "test")) == set(LABELS)
    assert {SCRIPT, QUOTE, f"train{SCRIPT}0", "2014, 2017", "犬", MATHS} <= set(read.words)
    assert _table(read, "published in", "split", "published", "here").keys() == {
        f"{SCRIPT} http://example.org"
    }
    assert {"no label", "no tag", "groups:"} <= set(read.words)


def test_images_without_any_tag_still_make_a_page(built: Records):
    text = page(inspect(built), samples={}, vocabulary=[], left_out={}, pictured=False)
    assert "No training image has a tag." in text


@pytest.mark.parametrize("package", ["jinja2", "matplotlib"])
def test_a_missing_package_is_named_before_anything_is_counted(
    copied: Records, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys, package: str
):
    next(copied.path.glob("*-train.tfrecord*")).unlink()  # who counts first stumbles over it
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, package, None)
    assert main(["inspect", str(copied.path), "--html", str(tmp_path / "page.html")]) == 1
    error = capsys.readouterr().err
    assert re.fullmatch(rf"error: page needs .*{package}.*`pip install 'jinja2.*`\.\n", error)
    assert [*tmp_path.iterdir()] == [copied.path]


def test_a_page_replaces_no_folder_and_is_not_written_among_records(
    built: Records, copied: Records, tmp_path: Path
):
    with pytest.raises(UserError, match=r"must be a file. Received: .*, a folder"):
        write_page(tmp_path, built, {})
    for name in ("page.html", "records.json"):
        with pytest.raises(UserError, match="must lie outside the records' folder"):
            write_page(copied.path / name, copied, {})
    assert verify(copied) == []


@pytest.mark.slow
def test_the_command_writes_page_and_document_together(built: Records, tmp_path: Path, capsys):
    html = tmp_path / "new" / "page.html"
    assert main(["inspect", str(built.path), "--html", str(html), "--json"]) == 0
    output = capsys.readouterr()
    assert json.loads(output.out) == inspect(built)
    assert output.err == f"page: {html}\n"
    assert built.digest in html.read_text(encoding="utf-8")
    assert [path.name for path in html.parent.iterdir()] == ["page.html"]


@pytest.mark.real
@pytest.mark.exhaustive
def test_the_page_of_real_photographs_names_every_category(shared: Path, tmp_path: Path, read_page):
    raw = shared / "data" / "coco_small"
    assert main(["build", "mscoco", "--raw", str(raw), "--out", str(tmp_path / "coco")]) == 0
    assert main(["inspect", str(tmp_path / "coco"), "--html", str(tmp_path / "coco.html")]) == 0
    read = read_page((tmp_path / "coco.html").read_text(encoding="utf-8"))
    assert len(_table(read, "label", "train", "validation", "test")) == 80
    assert [tag for tag, _ in read.elements].count("img") == 36


def pixels(uri: str) -> np.ndarray:
    import base64

    return np.asarray(Image.open(BytesIO(base64.b64decode(uri.partition(",")[2]))))


def test_thumbnails_are_small_and_hold_the_picture(hostile: Records):
    for sample in samples(hostile, per_split=20)["train"]:
        thumbnail = pixels(sample.image)
        assert thumbnail.shape == (sample.height, sample.width, 3)
        assert max(thumbnail.shape) <= 192
        if thumbnail.shape[1] == 192:
            assert sample.height == round(192 * 20 / 300)


@pytest.mark.exhaustive
@pytest.mark.slow
def test_records_of_before_do_not_say_what_was_passed_over(built: Records, tmp_path: Path):
    counts = inspect(built)
    assert "The build left out nothing" in write(built, tmp_path / "page.html")
    write_page(tmp_path / "old.html", built, {**counts, "passed_over": None})
    assert "an earlier version made them" in (tmp_path / "old.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_on_a_phone_nothing_is_cut_off_and_letters_can_be_read(phone, letter_sizes, text: str):
    phone.set_content(text)
    assert phone.evaluate("document.documentElement.scrollWidth") == 375
    letters = letter_sizes(phone)
    assert len(letters) > 100
    assert min(letters) > 8.5
    splits = phone.locator("#splits ~ .scroll").first
    assert splits.evaluate("box => box.scrollWidth - box.clientWidth") == 0
    digest = phone.locator(".digest").first.bounding_box()
    assert digest["height"] < 50  # two lines
    last, footer = phone.locator(".grid").last.bounding_box(), phone.locator("footer").bounding_box()
    assert footer["y"] - last["y"] - last["height"] >= 32
