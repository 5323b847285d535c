"""`annotate --undo` and `--preview`: keywords in sidecars, taken back exactly."""

import subprocess
from pathlib import Path

import pytest
from PIL import Image

from mmannot_tf.cli.main import main
from mmannot_tf.serving.annotation import Annotation
from mmannot_tf.serving.inputs.photographs import PhotographFile, photographs
from mmannot_tf.serving.outputs.sidecars import Sidecars
from mmannot_tf.serving.outputs.undo import undo
from tfrecords_tools.photographs.keyword_fields import SUBJECT
from tfrecords_tools.photographs.xmp import EMPTY, XmpPacket


@pytest.fixture
def photo(tmp_path):
    file = tmp_path / "photos" / "beach.jpg"
    file.parent.mkdir()
    Image.new("RGB", (8, 8)).save(file)
    return file


def _write(photo, *labels, model="m", preview=None):
    output = Sidecars(model, preview=preview)
    labelled = tuple((label, 0.5) for label in labels)
    output.write([Annotation(str(photo), "", labelled, float(len(labels)))])
    output.close()


def _sidecar(photo):
    return photo.with_name(photo.name + ".xmp")


def _words(photo):
    return XmpPacket(_sidecar(photo).read_bytes()).values(SUBJECT.name)


def _with_keywords(photo, *words):
    packet = XmpPacket(EMPTY)
    packet.change_items(SUBJECT.name, removed=(), added=words, kind="Bag")
    _sidecar(photo).write_bytes(packet.to_bytes())


def _undo(photo, **options):
    return undo([PhotographFile(photo, photo.name)], **options)


def test_a_sidecar_of_ours_alone_is_deleted(photo):
    _write(photo, "sky", "sea")
    assert _words(photo) == ["sky", "sea"]
    undone = _undo(photo)
    assert (undone.photographs, undone.changed, undone.deleted) == (1, 0, 1)
    assert [file.name for file in photo.parent.iterdir()] == ["beach.jpg"]


def test_peoples_keywords_stay_in_their_order(photo):
    _with_keywords(photo, "holiday", "sea")
    before = XmpPacket(_sidecar(photo).read_bytes())
    _write(photo, "sky", "sea", "tree")
    assert _words(photo) == ["holiday", "sea", "sky", "tree"]
    lines = []
    undone = _undo(photo, log=lines.append)
    assert (undone.changed, undone.deleted) == (1, 0)
    assert lines == [f"{_sidecar(photo)}: - sky, tree"]
    after = XmpPacket(_sidecar(photo).read_bytes())
    assert after.values(SUBJECT.name) == before.values(SUBJECT.name) == ["holiday", "sea"]
    assert b"mmannot" not in _sidecar(photo).read_bytes().replace(b"urn:mmannot", b"")


def test_a_keyword_that_somebody_changed_or_added_since_stays(photo):
    _write(photo, "sky", "sea")
    content = _sidecar(photo).read_text()
    edited = content.replace("<rdf:li>sea</rdf:li>", "<rdf:li>North Sea</rdf:li><rdf:li>dog</rdf:li>", 1)
    assert edited != content
    _sidecar(photo).write_text(edited)
    _undo(photo)
    assert _words(photo) == ["North Sea", "dog"]


def test_the_labels_of_several_annotations_are_taken_back(photo):
    _with_keywords(photo, "holiday")
    _write(photo, "sky", model="first")
    _write(photo, "sea", model="second")
    _undo(photo)
    assert _words(photo) == ["holiday"]


def test_a_second_undo_and_sidecars_of_others_change_nothing(photo):
    _with_keywords(photo, "sky")
    content = _sidecar(photo).read_bytes()
    undone = _undo(photo)
    assert (undone.changed, undone.deleted, undone.errors) == (0, 0, [])
    assert _sidecar(photo).read_bytes() == content


def test_a_broken_sidecar_is_left_and_named(photo, capsys):
    _sidecar(photo).write_bytes(b"<a/>")
    assert main(["annotate", "none", str(photo.parent), "--undo"]) == 1
    assert f"error: {_sidecar(photo)} is left unchanged" in capsys.readouterr().err
    assert _sidecar(photo).read_bytes() == b"<a/>"


def test_previews_write_nothing(photo, capsys):
    lines = []
    _write(photo, "sky", "sea", preview=lines.append)
    assert lines == [f"{_sidecar(photo)}: + sky, sea"]
    assert not _sidecar(photo).exists()
    _write(photo, "sky", "sea")
    _write(photo, "sky", "tree", model="other", preview=lines.append)
    assert lines[1:] == [f"{_sidecar(photo)}: + tree; - sea"]
    content = _sidecar(photo).read_bytes()
    assert main(["annotate", "none", str(photo.parent), "--undo", "--preview"]) == 0
    captured = capsys.readouterr()
    assert captured.out == f"{_sidecar(photo)}: - sky, sea, deleted\n"
    assert "a preview: nothing is written" in captured.err
    assert _sidecar(photo).read_bytes() == content


def test_a_preview_needs_sidecars(tiny_run, photo, capsys):
    assert main(["annotate", str(tiny_run.path), str(photo), "--preview"]) == 1
    assert "--preview says what would change in sidecars" in capsys.readouterr().err


@pytest.mark.slow
def test_exiftool_sees_the_keywords_go(photo):
    def subjects():
        command = ["exiftool", "-s3", "-sep", ";", "-Subject", str(_sidecar(photo))]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    _with_keywords(photo, "holiday")
    _write(photo, "sky")
    assert subjects() == "holiday;sky"
    _undo(photo)
    assert subjects() == "holiday"


def test_a_folder_is_walked(photo):
    other = photo.parent / "inner" / "dune.jpg"
    other.parent.mkdir()
    Image.new("RGB", (8, 8)).save(other)
    for file in (photo, other):
        _write(file, "sky")
    assert undo(photographs([Path(photo.parent)])).deleted == 2
