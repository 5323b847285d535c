from pathlib import Path

import pytest

from tfrecords_tools.nus_wide.image_lists import photo_id, read_image_lists, record_id, repeated_photos
from tfrecords_tools.shell.errors import UserError

PLANT = "power_plant/0002_174174086.jpg"


def test_ids_of_an_image_in_a_folder_with_an_underscore():
    assert record_id(PLANT) == "power_plant/0002_174174086"
    assert photo_id(PLANT) == "174174086"


def test_the_lists_in_their_order_with_forward_slashes(raw: Path):
    lists, defects = read_image_lists(raw)
    assert not defects
    assert lists["Train"].files[:3] == (
        "actor/0000_1000.jpg",
        "power_plant/0001_1001.jpg",
        "car_crash/0002_1002.jpg",
    )
    assert [len(lists[half].files) for half in ("Train", "Test")] == [30, 20]
    assert lists["Test"].rows.tolist() == list(range(20))


def test_a_line_listed_twice_is_a_defect_and_left_out_the_second_time(raw: Path, edited):
    edited(raw / "ImageList" / "TrainImagelist.txt", 7, r"actor\0000_1000.jpg")
    edited(raw / "ImageList" / "TestImagelist.txt", 2, r"power_plant\0001_1001.jpg")
    lists, (first, second) = read_image_lists(raw)
    assert str(first).startswith("ImageList/TrainImagelist.txt:7: actor/0000_1000.jpg is listed in")
    assert "ImageList/TrainImagelist.txt:1 already" in first.problem
    assert (second.file, second.row) == ("ImageList/TestImagelist.txt", 2)
    assert "ImageList/TrainImagelist.txt:2 already" in second.problem
    assert lists["Train"].length == 30
    assert lists["Train"].rows.tolist() == [*range(6), *range(7, 30)]
    assert lists["Test"].rows.tolist() == [0, *range(2, 20)]
    assert "power_plant/0001_1001.jpg" not in lists["Test"].files


@pytest.mark.parametrize(
    "line",
    [
        "0002_174174086.jpg",
        r"actor\174174086.jpg",
        r"actor\0002_x.jpg",
        r"..\0002_1.jpg",
        r"a\b\0002_1.jpg",
        r"\actor\0002_1.jpg",
        r"actor\0002_174174086",
        "2124494179,0,0,1",
    ],
)
def test_a_line_that_names_no_image_is_named(raw: Path, edited, line: str):
    edited(raw / "ImageList" / "TestImagelist.txt", 5, line)
    with pytest.raises(UserError, match=r"TestImagelist\.txt:5") as caught:
        read_image_lists(raw)
    assert repr(line) in str(caught.value)


def test_photographs_under_several_paths_are_kept_and_listed():
    files = ["bus/0018_702409954.jpg", "cat/1_5.jpg", "man/0215_702409954.jpg", "dog/1_55.jpg"]
    assert repeated_photos(files) == {"702409954": ("bus/0018_702409954", "man/0215_702409954")}


@pytest.mark.slow
@pytest.mark.real
def test_every_line_of_the_real_test_list_is_understood(shared: Path, raw: Path):
    import gzip

    text = gzip.decompress((shared / "data" / "nus_wide" / "TestImagelist.txt.gz").read_bytes())
    (raw / "ImageList" / "TestImagelist.txt").write_bytes(text)
    lists, defects = read_image_lists(raw)
    assert not defects
    assert lists["Test"].length == len(lists["Test"].files) == 107_859
    assert photo_id(lists["Test"].files[0]) == "174174086"
    assert {"702409954"} <= repeated_photos(lists["Test"].files).keys()
