import dataclasses
import os

import pytest
from PIL import Image

from tfrecords_tools.manifest.label_search import write_manifest
from tfrecords_tools.manifest.rows import read_rows
from tfrecords_tools.manifest.settings import ManifestSettings
from tfrecords_tools.manifest.source import manifest_source
from tfrecords_tools.photographs.keyword_fields import FIELDS, SUBJECT, set_labels
from tfrecords_tools.photographs.xmp import XmpPacket
from tfrecords_tools.shell.errors import UserError

PATHS = FIELDS[1]
"""Lightroom's field of paths such as `Places|Berlin`."""


def packet(*words, paths=(), annotated=()):
    xmp = XmpPacket()
    for field, values in ((SUBJECT, words), (PATHS, paths)):
        if values:
            xmp.change_items(field.name, removed=(), added=values, kind=field.kind)
    if annotated:
        set_labels(xmp, annotated, "a model")
    return xmp.to_bytes()


def photograph(path, grey=0, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (16, 16), (grey, 9, 9)).save(path, **options)


@pytest.fixture
def settings(tmp_path):
    """Four photographs: keywords in two of them and in a sidecar, and labels of an annotation."""
    raw = tmp_path / "raw"
    photograph(raw / "animals/dog/a.jpg", 1, xmp=packet("dog", "Dog", paths=("Places|Germany|Berlin",)))
    photograph(raw / "animals/dog/b.jpg", 2, xmp=packet("dog", "lawn"))
    photograph(raw / "2019-05-01/c.jpg", 3)
    (raw / "2019-05-01/c.jpg.xmp").write_bytes(packet("cat; sofa"))
    photograph(raw / "DCIM/100CANON/d.jpg", 4)
    (raw / "DCIM/100CANON/d.xmp").write_bytes(packet("lawn", annotated=("dog", "sky")))
    photograph(raw / ".hidden/e.jpg", 5)
    photograph(raw / "@eaDir/f.jpg", 6)
    return ManifestSettings(tmp_path / "own.csv", raw, labels_from="metadata", least_photographs=2)


def rows(settings):
    found = read_rows(settings.manifest, separator=";", labels=None).valid
    return {row.path: (row.labels, row.tags, row.split) for row in found}


def test_frequent_keywords_become_labels(settings):
    summary = write_manifest(settings, "metadata")
    assert rows(settings) == {
        "2019-05-01/c.jpg": ((), ("cat", "sofa"), None),
        "DCIM/100CANON/d.jpg": (("lawn",), (), None),
        "animals/dog/a.jpg": (("dog",), ("Places", "Germany", "Berlin"), None),
        "animals/dog/b.jpg": (("dog", "lawn"), (), None),
    }
    assert summary[0].startswith(
        f"{settings.manifest}: 4 photographs: 3 with labels, 2 with tags, 0 with a split by their folders; "
    )
    assert summary[1:] == (
        "2 labels: dog 2, lawn 2",
        "6 keywords not taken (on fewer than 2 photographs), kept as tags: Berlin 1, cat 1, Dog 1, "
        "Germany 1, Places 1, sofa 1",
        "not taken, though they differ from a label in case only: 'Dog'; --fold-case takes them",
        "1 photograph with labels that `mmannot annotate` wrote, which are not taken: DCIM/100CANON/d.jpg",
    )


def test_a_list_of_labels_says_which_keywords_to_take(settings, tmp_path):
    (tmp_path / "labels.txt").write_text("Berlin\nsofa\ndog\n")
    listed = dataclasses.replace(settings, labels=tmp_path / "labels.txt", least_photographs=None)
    write_manifest(listed, "metadata")
    assert rows(listed)["animals/dog/a.jpg"] == (("dog", "Berlin"), ("Places", "Germany"), None)
    assert rows(listed)["2019-05-01/c.jpg"] == (("sofa",), ("cat",), None)


def test_names_of_folders_become_labels(settings):
    summary = write_manifest(dataclasses.replace(settings, least_photographs=None), "folders")
    assert rows(settings) == {
        "2019-05-01/c.jpg": ((), (), None),
        "DCIM/100CANON/d.jpg": ((), (), None),
        "animals/dog/a.jpg": (("animals", "dog"), (), None),
        "animals/dog/b.jpg": (("animals", "dog"), (), None),
    }
    assert summary[2] == (
        "3 names of folders not taken (dates, numbers, cameras' names): 100CANON 1, 2019-05-01 1, DCIM 1"
    )


def test_splits_of_folders_and_copies_are_told(settings):
    for name in ("train/dog/a.jpg", "test/cat/a.jpg", "test/dog/b.jpg"):
        photograph(settings.raw / "set" / name, 200)
    photograph(settings.raw / "set/test/dog/b.jpg", 201)
    summary = write_manifest(settings, "folders")
    assert rows(settings)["set/test/cat/a.jpg"] == (("set",), (), "test")
    assert (
        "1 photograph in several files, each of which has a row: set/test/cat/a.jpg = set/train/dog/a.jpg"
        in summary
    )


def test_a_label_of_every_photograph_is_told(tmp_path):
    for number, name in enumerate(("dog", "cat")):
        photograph(tmp_path / "raw/mine" / name / "a.jpg", number)
    settings = ManifestSettings(tmp_path / "own.csv", tmp_path / "raw", labels_from="folders")
    assert any("every photograph has 'mine'" in line for line in write_manifest(settings, "folders"))


def test_a_source_writes_the_manifest_once_and_reads_what_people_made_of_it(settings):
    source = manifest_source(settings)
    assert source.labels == ("dog", "lawn")
    assert source.notes[1] == "2 labels: dog 2, lawn 2"
    settings.manifest.write_text("path,labels\nanimals/dog/a.jpg,hound\n")
    again = manifest_source(settings)
    assert again.labels == ("hound",)
    assert again.notes[0] == f"{settings.manifest} exists and is read as it is; no labels are looked for"
    assert settings.manifest.read_text() == "path,labels\nanimals/dog/a.jpg,hound\n"


@pytest.mark.parametrize("separator", ["|", "auto", ","])
def test_the_manifest_is_read_with_the_separator_it_was_written_with(settings, separator):
    assert manifest_source(dataclasses.replace(settings, separator=separator)).labels == ("dog", "lawn")


def test_names_that_no_manifest_can_hold_are_left_out_and_told(settings):
    photograph(settings.raw / "a\\b.jpg", 7)
    (settings.raw / os.fsdecode(b"\xff.jpg")).touch()
    (settings.raw / "c\rd.jpg").touch()
    summary = write_manifest(settings, "metadata")
    assert len(rows(settings)) == 4
    assert summary[-2].startswith(
        "3 photographs left out, for a manifest cannot hold such a name; rename: a\\b.jpg"
    )


@pytest.mark.parametrize(
    ("change", "received"),
    [
        (
            {"least_photographs": 3},
            "where all are on fewer than 3 photographs; the most frequent: dog 2, lawn 2",
        ),
        ({"column": ["path=x"]}, "Received: path=x"),
        ({"separator": ""}, "separator must be"),
        ({"tags_from": "metadata"}, "keywords that are labels must not be tags too"),
        ({"labels_from": None}, "--least-photographs must come with --labels-from"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(settings, change, received):
    with pytest.raises(UserError, match=received):
        write_manifest(dataclasses.replace(settings, **change), "metadata")
    assert not settings.manifest.exists()


def test_folders_without_photographs_or_keywords_and_existing_manifests_are_refused(settings, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="raw folder must hold photographs"):
        write_manifest(dataclasses.replace(settings, raw=tmp_path / "empty"), "metadata")
    photograph(tmp_path / "bare/a.jpg")
    with pytest.raises(UserError, match="where none of 1 photograph has any"):
        write_manifest(dataclasses.replace(settings, raw=tmp_path / "bare"), "metadata")
    settings.manifest.write_text("mine")
    with pytest.raises(UserError, match="manifest must not exist yet"):
        write_manifest(settings, "metadata")
    assert settings.manifest.read_text() == "mine"
