import shutil
from pathlib import Path

import pytest

from tfrecords_tools.errors import UserError
from tfrecords_tools.mscoco.layout import find_year, read_part


@pytest.mark.parametrize("folder", ["", "images"])
def test_a_half_is_read_from_either_place(coco_raw, folder):
    part = read_part(coco_raw(folder=folder), "train2017")
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
    "unknown image": (INSTANCES, lambda d: d["annotations"][0].update(image_id=999), "image_id 999"),
    "unknown category": (INSTANCES, lambda d: d["annotations"][0].update(category_id=2), "category_id 2"),
    "caption's image unknown": (CAPTIONS, lambda d: d["annotations"][0].update(image_id=999), "image_id 999"),
    "caption missing": (CAPTIONS, lambda d: d["annotations"][0].pop("caption"), "'caption'"),
    "category twice": (INSTANCES, lambda d: d["categories"].append({"id": 1, "name": "x"}), "unique"),
    "category name twice": (INSTANCES, lambda d: d["categories"].append({"id": 2, "name": "dog"}), "unique"),
    "no category": (INSTANCES, lambda d: d["categories"].clear(), "categories must be there"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_annotations_name_the_file_and_the_cause_in_one_line(coco_raw, edited, case):
    name, change, cause = BROKEN[case]
    raw = coco_raw()
    edited(raw / "annotations" / name, change)
    with pytest.raises(UserError, match=cause) as caught:
        read_part(raw, "train2017")
    assert "\n" not in str(caught.value)
    if not case.startswith("two"):
        assert name in str(caught.value)


@pytest.mark.parametrize("content", [b"{", b"", b"[]", b"3", b"\xff\xfe"])
def test_a_file_that_is_no_json_object_is_named(coco_raw, content):
    raw = coco_raw()
    (raw / "annotations" / CAPTIONS).write_bytes(content)
    with pytest.raises(UserError, match=CAPTIONS):
        read_part(raw, "train2017")


def test_missing_files_and_folders_are_named(coco_raw, tmp_path: Path):
    raw = coco_raw()
    (raw / "annotations" / CAPTIONS).unlink()
    with pytest.raises(UserError, match=CAPTIONS):
        read_part(raw, "train2017")
    shutil.rmtree(raw / "val2017")
    with pytest.raises(UserError, match="image folder must exist"):
        read_part(raw, "val2017")


def test_captions_need_no_categories_and_file_names_cannot_leave_the_folder(coco_raw, edited):
    raw = coco_raw()
    edited(raw / "annotations" / INSTANCES, lambda d: d["images"][0].update(file_name="../../secret.jpg"))
    assert read_part(raw, "train2017").images[1] == raw / "train2017" / "secret.jpg"
