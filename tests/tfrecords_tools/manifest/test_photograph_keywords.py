import dataclasses

import pytest
from PIL import Image

from tfrecords_tools.building.building import build_records
from tfrecords_tools.manifest.photograph_keywords import SHOWN
from tfrecords_tools.manifest.settings import ManifestSettings
from tfrecords_tools.manifest.source import manifest_source
from tfrecords_tools.photographs.keyword_fields import SUBJECT
from tfrecords_tools.photographs.xmp import XmpPacket
from tfrecords_tools.reading.records import read

CSV = (
    "path,labels,tags,split\na.jpg,dog,red,train\nb.jpg,cat,,train\nc.jpg,dog,,validation\nd.jpg,cat,,test\n"
)


def _packet(*words):
    packet = XmpPacket()
    packet.change_items(SUBJECT.name, removed=(), added=words, kind="Bag")
    return packet.to_bytes()


@pytest.fixture
def settings(tmp_path):
    raw = tmp_path / "raw"
    raw.mkdir()
    for number, name in enumerate(("a.jpg", "b.jpg", "c.jpg", "d.jpg")):
        words = ("red", "Lawn, green") if name == "a.jpg" else ()
        Image.new("RGB", (16, 16), (60 * number, 9, 9)).save(raw / name, xmp=_packet(*words))
    (raw / "b.xmp").write_bytes(_packet("sofa"))
    (tmp_path / "own.csv").write_text(CSV)
    return ManifestSettings(tmp_path / "own.csv", raw, tags_from="metadata")


def test_a_photographs_keywords_are_added_to_its_tags(settings, tmp_path):
    source = manifest_source(settings)
    assert source.notes[0] == "2 of 4 photographs have keywords of their own"
    records = build_records(source, out=tmp_path / "out")
    tags = {one["id"]: one["tags"].tolist() for one in read(records, "train").as_numpy_iterator()}
    assert tags[b"b.jpg"] == [b"sofa"]
    assert len(tags[b"a.jpg"]) == 2 and b"red" in tags[b"a.jpg"]


def test_records_are_outdated_when_keywords_change_and_settings_without_them_are_as_before(settings):
    before = manifest_source(settings).settings
    assert manifest_source(settings).settings == before
    (settings.raw / "b.xmp").write_bytes(_packet("armchair"))
    assert manifest_source(settings).settings != before
    without = manifest_source(dataclasses.replace(settings, tags_from=None)).settings
    assert before.keys() - without.keys() == {"tags_from", "keywords"}


def test_damaged_metadata_is_noted_for_the_first_photographs(settings):
    rows = [f"{number}.jpg,dog,,train" for number in range(SHOWN + 1)]
    for number in range(SHOWN + 1):
        Image.new("RGB", (16, 16)).save(settings.raw / f"{number}.jpg")
        (settings.raw / f"{number}.jpg.xmp").write_bytes(b"<a/>")
    settings.manifest.write_text("\n".join([CSV.strip(), *rows]) + "\n")
    notes = manifest_source(settings).notes
    assert notes[1].startswith("damaged metadata: 0.jpg: 0.jpg.xmp: XMP has one rdf:RDF")
    assert notes[1 + SHOWN] == "damaged metadata: 1 more photograph"
