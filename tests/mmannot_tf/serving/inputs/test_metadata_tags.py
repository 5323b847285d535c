from PIL import Image

from mmannot_tf.serving.inputs.metadata_tags import MAX_NAMED, MetadataTags, keyword_tags
from mmannot_tf.serving.inputs.photographs import PhotographFile
from tfrecords_tools.photographs.keyword_fields import SUBJECT
from tfrecords_tools.photographs.xmp import XmpPacket


class _Tags:
    def get(self, photograph):
        return {"a.jpg": "sea, sun"}.get(photograph.relative, "")


def _photograph(folder, name, *words):
    packet = XmpPacket()
    packet.change_items(SUBJECT.name, removed=(), added=words, kind="Bag")
    Image.new("RGB", (8, 8)).save(folder / name, xmp=packet.to_bytes())
    return PhotographFile(folder / name, name)


def test_keywords_are_added_to_the_tags_of_all_or_of_each(tmp_path):
    photographs = [_photograph(tmp_path, "a.jpg", "boat", "a, b"), _photograph(tmp_path, "b.jpg")]
    assert [MetadataTags("red").get(photograph) for photograph in photographs] == ["red, boat, a b", "red"]
    tags = MetadataTags(_Tags())
    assert [tags.get(photograph) for photograph in photographs] == ["sea, sun, boat, a b", ""]
    assert list(tags.report.lines()) == ["1 of 2 photographs has keywords of its own"]


def test_a_keyword_is_one_tag():
    keywords = ["San Francisco, CA", "a;b", "a\N{FULLWIDTH COMMA}b", ",", "sea"]
    assert list(keyword_tags(keywords)) == ["San Francisco CA", "a b", "a b", "sea"]


def test_damaged_metadata_is_named_for_the_first_photographs(tmp_path):
    tags = MetadataTags("")
    for number in range(MAX_NAMED + 1):
        (tmp_path / f"{number}.xmp").write_bytes(b"<a/>")
        tags.get(_photograph(tmp_path, f"{number}.jpg", "boat"))
    lines = list(tags.report.lines())
    assert len(lines) == 1 + MAX_NAMED + 1
    assert lines[1] == (
        f"damaged metadata: {tmp_path / '0.jpg'}: 0.xmp: XMP has one rdf:RDF element; it has 0"
    )
    assert lines[-1] == "damaged metadata: 1 more photograph"
    assert tags.report.document()["with_keywords"] == MAX_NAMED + 1
