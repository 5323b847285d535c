import json
import shutil
from pathlib import Path

import pytest

from tfrecords_tools.mscoco.layout import find_year, read_half
from tfrecords_tools.shell.errors import UserError


@pytest.mark.parametrize("folder", ["", "images"])
def test_a_half_is_read_from_either_folder(coco_raw, folder):
    part = read_half(coco_raw(folder=folder), "train2017")
    assert list(part.categories.items()) == [(1, "person"), (18, "dog"), (90, "toothbrush")]
    assert part.images[7].is_file()
    assert part.labels[7] == {1, 18}
    assert 21 not in part.labels
    assert part.captions[7] == ("A dog and a man.", "two dogs ")
    assert 22 not in part.captions


@pytest.mark.parametrize("year", [2014, 2017])
def test_the_only_year_is_found(coco_raw, year):
    assert find_year(coco_raw(year=year)) == year


def test_no_year_and_two_years_are_errors(coco_raw, tmp_path):
    with pytest.raises(UserError, match=r"instances_train2014\.json or instances_train2017\.json"):
        find_year(tmp_path)
    raw = coco_raw()
    annotations = raw / "annotations"
    shutil.copy(annotations / "instances_train2017.json", annotations / "instances_train2014.json")
    with pytest.raises(UserError, match=r"\[2014, 2017\]. Pass --year"):
        find_year(raw)


INSTANCES, CAPTIONS = "instances_train2017.json", "captions_train2017.json"

BROKEN = {
    "no images": (INSTANCES, lambda d: d.pop("images"), "'images'"),
    "no annotations": (CAPTIONS, lambda d: d.pop("annotations"), "'annotations'"),
    "no categories": (INSTANCES, lambda d: d.pop("categories"), "'categories'"),
    "images no list": (INSTANCES, lambda d: d.update(images={}), "'images'"),
    "image no object": (INSTANCES, lambda d: d["images"].append(3), "'images'"),
    "image without file": (INSTANCES, lambda d: d["images"][0].pop("file_name"), "'file_name'"),
    "id no number": (INSTANCES, lambda d: d["images"][0].update(id="x"), "'id'"),
    "image twice": (INSTANCES, lambda d: d["images"].append(d["images"][4]), "two images with id 5"),
    "category twice": (INSTANCES, lambda d: d["categories"].append({"id": 1, "name": "x"}), "unique"),
    "category name twice": (INSTANCES, lambda d: d["categories"].append({"id": 2, "name": "dog"}), "unique"),
    "no category": (INSTANCES, lambda d: d["categories"].clear(), "file must have categories"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_annotations_name_the_file_and_the_cause_in_one_line(coco_raw, edited, case):
    name, change, cause = BROKEN[case]
    raw = coco_raw()
    edited(raw / "annotations" / name, change)
    with pytest.raises(UserError, match=cause) as caught:
        read_half(raw, "train2017")
    assert "\n" not in str(caught.value)
    assert name in str(caught.value)


@pytest.mark.parametrize("content", [b"{", b"", b"[]", b"3", b"\xff\xfe"])
def test_a_file_that_is_no_json_object_is_named(coco_raw, content):
    raw = coco_raw()
    (raw / "annotations" / CAPTIONS).write_bytes(content)
    with pytest.raises(UserError, match=CAPTIONS):
        read_half(raw, "train2017")


def test_missing_files_and_folders_are_named(coco_raw, tmp_path: Path):
    raw = coco_raw()
    (raw / "annotations" / CAPTIONS).unlink()
    with pytest.raises(UserError, match=CAPTIONS):
        read_half(raw, "train2017")
    shutil.rmtree(raw / "val2017")
    with pytest.raises(UserError, match="image folder must exist"):
        read_half(raw, "val2017")


@pytest.mark.parametrize(
    "name", ["../../secret.jpg", "/etc/secret.jpg", "C:\\a.jpg", "http://x.org/a.jpg", " "]
)
def test_file_names_cannot_leave_the_folder(coco_raw, edited, name):
    raw = coco_raw()
    edited(raw / "annotations" / INSTANCES, lambda d: d["images"][0].update(file_name=name))
    with pytest.raises(UserError, match=rf"{INSTANCES}: image 1: path "):
        read_half(raw, "train2017")


@pytest.mark.parametrize("prefix", ["a/", "./a/", "a\\", "train2017/a/", "{raw}/train2017/a/"])
def test_folders_in_file_names_are_used(coco_raw, edited, prefix):
    raw = coco_raw()
    (raw / "train2017" / "a").mkdir()
    (raw / "train2017" / "a" / "000000000002.jpg").write_bytes(b"another")
    name = prefix.format(raw=raw) + "000000000002.jpg"
    edited(raw / "annotations" / INSTANCES, lambda d: d["images"][0].update(file_name=name))
    images = read_half(raw, "train2017").images
    assert images[1] == raw / "train2017" / "a" / "000000000002.jpg"
    assert images[2] == raw / "train2017" / "000000000002.jpg"


def test_a_missing_file_with_a_folder_keeps_it(coco_raw, edited):
    raw = coco_raw()
    edited(raw / "annotations" / INSTANCES, lambda d: d["images"][0].update(file_name="b/000000000002.jpg"))
    assert read_half(raw, "train2017").images[1] == raw / "train2017" / "b" / "000000000002.jpg"


WRONG = {
    "unknown image": (INSTANCES, lambda e: e.update(image_id=999), "image_id 999 is no image's"),
    "image id no number": (
        INSTANCES,
        lambda e: e.update(image_id="1"),
        "image_id '1' is no whole number, as ids must be",
    ),
    "image id a list": (
        INSTANCES,
        lambda e: e.update(image_id=[1]),
        "image_id [1] is no whole number, as ids must be",
    ),
    "no image id": (
        INSTANCES,
        lambda e: e.pop("image_id"),
        "image_id None is no whole number, as ids must be",
    ),
    "unknown category": (INSTANCES, lambda e: e.update(category_id=2), "category_id 2 is no category's"),
    "category true": (
        INSTANCES,
        lambda e: e.update(category_id=True),
        "category_id True is no whole number, as ids must be",
    ),
    "caption's image unknown": (CAPTIONS, lambda e: e.update(image_id=999), "image_id 999 is no image's"),
    "no caption": (CAPTIONS, lambda e: e.pop("caption"), "caption None is no string"),
    "caption no string": (CAPTIONS, lambda e: e.update(caption=3), "caption 3 is no string"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_annotation_is_a_defect_and_left_out(coco_raw, edited, case):
    name, change, problem = WRONG[case]
    raw = coco_raw()
    edited(raw / "annotations" / name, lambda document: change(document["annotations"][1]))
    part = read_half(raw, "train2017")
    assert [(one.file, one.row) for one in part.defects] == [(f"annotations/{name}", 2)]
    assert part.defects[0].problem == f"{problem}; a repair leaves the annotation out"
    assert part.labels[1] == ({1} if name == INSTANCES else {1, 18}) | {18}
    assert part.captions[1] == ("A dog and a man.", "two dogs ")[: 1 if name == CAPTIONS else 2]


def test_every_wrong_annotation_is_listed_objects_first(coco_raw, edited):
    raw = coco_raw()
    annotations = raw / "annotations"
    edited(annotations / CAPTIONS, lambda d: d["annotations"][4].update(caption=None))
    edited(annotations / INSTANCES, lambda d: [d["annotations"][n].update(image_id=0) for n in (6, 0)])
    found = [(one.file.removeprefix("annotations/"), one.row) for one in read_half(raw, "train2017").defects]
    assert found == [(INSTANCES, 1), (INSTANCES, 7), (CAPTIONS, 5)]


def test_lists_may_come_in_any_order(coco_raw):
    raw = coco_raw()
    before = read_half(raw, "train2017")
    path = raw / "annotations" / INSTANCES
    document = json.loads(path.read_text())
    path.write_text(json.dumps(dict(reversed(document.items()))))
    assert list(json.loads(path.read_text())) == ["categories", "annotations", "images"]
    assert read_half(raw, "train2017") == before


def test_captions_are_in_the_order_of_their_ids(coco_raw, edited):
    raw = coco_raw()
    edited(raw / "annotations" / CAPTIONS, lambda d: d["annotations"].reverse())
    assert read_half(raw, "train2017").captions[7] == ("A dog and a man.", "two dogs ")
