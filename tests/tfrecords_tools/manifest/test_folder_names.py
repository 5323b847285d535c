import pytest

from tfrecords_tools.manifest.folder_names import FolderNames, says_nothing

DATES = ["2019", "2019-05-01", "20190501", "2019_05", "2019-05-01 Rome", "01", "1.2"]
CAMERAS = ["100CANON", "101_PANA", "100APPLE", "IMG_0412", "img 12", "DSC00012"]
PLAIN = ["DCIM", "dcim", "Camera Roll", "photos"]


@pytest.mark.parametrize("name", [*DATES, *CAMERAS, *PLAIN])
def test_names_that_are_no_labels(name):
    assert says_nothing(name)


@pytest.mark.parametrize(
    "name", ["dog", "Hund", "2001 A Space Odyssey", "imgs of cats", "747 jets", "Größe", "写真", "100 metres"]
)
def test_names_that_may_be_labels(name):
    assert not says_nothing(name)


def test_splits_side_by_side_are_no_labels():
    names = FolderNames(["set/train/dog/a.jpg", "set/VAL/dog/b.jpg", "set/test/cat/c.jpg"])
    assert names.split("set/train/dog/a.jpg") == "train"
    assert names.split("set/VAL/dog/b.jpg") == "validation"
    assert names.split("set/test/cat/c.jpg") == "test"
    assert names.names("set/VAL/dog/b.jpg") == ["set", "dog"]


def test_a_train_among_vehicles_is_a_label():
    names = FolderNames(["vehicles/train/a.jpg", "vehicles/car/b.jpg"])
    assert names.split("vehicles/train/a.jpg") is None
    assert names.names("vehicles/train/a.jpg") == ["vehicles", "train"]


def test_a_listed_label_is_no_split():
    paths = ["train/a.jpg", "test/b.jpg"]
    assert FolderNames(paths).split("train/a.jpg") == "train"
    assert FolderNames(paths, ["train"]).names("train/a.jpg") == ["train"]


def test_a_lone_split_folder_and_the_outermost_of_two():
    names = FolderNames(["train/test/a.jpg"])
    assert (names.split("train/test/a.jpg"), names.names("train/test/a.jpg")) == ("train", [])
    assert FolderNames(["a.jpg"]).names("a.jpg") == []
