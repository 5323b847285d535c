"""Which photographs an argument names: of this machine as the local command says, elsewhere as Beam does."""

import shutil
from pathlib import Path

import pytest

from mmannot_tf.beam.addresses import address
from mmannot_tf.beam.matching import named_photographs
from mmannot_tf.serving.inputs.photographs import PassedOver, photographs


@pytest.fixture
def tree(photos):
    """Photographs and what is beside them."""
    for name in ("@eaDir/a.jpg", "inner/.cache/x.jpg", "inner/.cache/y.jpg", "a.png.xmp", "clip.mp4"):
        (photos / name).parent.mkdir(exist_ok=True)
        (photos / name).write_bytes(b"")
    return photos


def _named(argument):
    passed_over = PassedOver()
    return sorted(named_photographs(str(argument), passed_over)), passed_over


def test_a_folder_of_this_machine_is_that_of_the_local_command(tree):
    passed_over = PassedOver()
    expected = sorted((str(photo), photo.relative) for photo in photographs([tree], passed_over))
    assert len(expected) == 4
    assert _named(tree) == (expected, passed_over)


def test_a_folder_of_a_bucket_names_what_the_same_folder_here_does(tree, bucket):
    shutil.copytree(tree, bucket / "in" / "photos")
    here, passed_over = _named(tree)
    there, passed_over_there = _named("bucket://in/photos/")
    assert there == [(f"bucket://in/photos/{relative}", relative) for _, relative in here]
    assert passed_over_there == passed_over


def test_a_file_and_an_address_of_nothing_are_photographs_to_read(bucket):
    (bucket / "a.jpg").write_bytes(b"a")
    assert _named("bucket://a.jpg")[0] == [("bucket://a.jpg", "a.jpg")]
    assert _named("bucket://in/absent.jpg")[0] == [("bucket://in/absent.jpg", "absent.jpg")]
    assert _named("absent.jpg")[0] == [("absent.jpg", "absent.jpg")]


def test_a_pattern_names_all_that_it_matches_and_each_below_its_folder(tree, bucket):
    shutil.copytree(tree, bucket / "in")
    assert [name for _, name in _named(tree / "*.?[pP]?")[0]] == [".hidden.jpg", "b.JPG", "clip.mp4"]
    expected = [f"bucket://in/inner/{name}" for name in ("c.jpeg", "deeper/d.jpg")]
    assert [path for path, _ in _named("bucket://in/inner/[!.]**.jp*g")[0]] == expected
    assert _named("bucket://in/inner/deep*/d.*")[0] == [("bucket://in/inner/deeper/d.jpg", "deeper/d.jpg")]
    assert _named("bucket://in/*.tif")[0] == []


def test_a_pattern_without_a_folder_is_of_the_current_one(tree, monkeypatch):
    monkeypatch.chdir(tree)
    assert _named("b*.JPG")[0] == [("b.JPG", "b.JPG")]
    assert [path for path, _ in _named("**.jpeg")[0]] == ["inner/c.jpeg"]


def test_a_folder_whose_name_looks_like_a_pattern_is_a_folder(tree):
    place = tree.rename(tree.parent / "photos [2019]")
    assert [Path(path).name for path, _ in _named(place)[0]] == ["a.png", "b.JPG", "c.jpeg", "d.jpg"]


def test_an_address_that_pathlib_joined_is_whole_again(tmp_path, monkeypatch):
    assert address(Path("gs://photos/2019/a.jpg")) == "gs://photos/2019/a.jpg"
    assert address("gs://photos//a.jpg") == "gs://photos//a.jpg"
    assert address(Path("photos/a.jpg")) == "photos/a.jpg"
    monkeypatch.chdir(tmp_path)
    Path("odd:").mkdir()
    Path("odd:/a.jpg").touch()
    assert address(Path("odd:/a.jpg")) == "odd:/a.jpg"
