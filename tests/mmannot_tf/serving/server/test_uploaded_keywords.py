import io

import pytest
from PIL import Image

from tfrecords_tools.photographs.keyword_fields import SUBJECT
from tfrecords_tools.photographs.xmp import XmpPacket


def _photo(*words):
    packet, file = XmpPacket(), io.BytesIO()
    packet.change_items(SUBJECT.name, removed=(), added=words, kind="Bag")
    Image.new("RGB", (20, 20), "white").save(file, "JPEG", xmp=packet.to_bytes())
    return file.getvalue()


def _post(client, *photos, **fields):
    answer = client.post("/annotate", files=[("images", photo) for photo in photos], data=fields)
    return answer.status_code, answer.json()


@pytest.mark.parametrize("fields", [{}, {"tags_from": ""}])
def test_a_photographs_own_keywords_are_no_tags_unless_the_form_says_so(client, fields):
    _, answer = _post(client, _photo("beach"), **fields)
    assert answer["results"][0]["tags"] == ""


def test_each_photograph_has_its_own_keywords_after_the_forms_tags(client):
    photos = (_photo("beach", "a, b"), _photo())
    status, answer = _post(client, *photos, tags="café", tags_from="metadata")
    assert (status, [result["tags"] for result in answer["results"]]) == (200, ["café, beach, a b", "café"])
    assert [len(result["annotations"]) for result in answer["results"]] == [3, 2]
    assert answer["results"][0]["unknown_tags"] == ["a b"]


def test_keywords_are_read_as_far_as_the_limit_on_tags_allows(start):
    client = start(tag_bytes=12).client
    assert _post(client, _photo("beach", "more"), tags="café", tags_from="metadata")[1]["results"][0][
        "tags"
    ] == ("café, beach")


def test_damaged_metadata_and_no_image_are_answered(client):
    damaged = _photo("beach").replace(b"rdf:RDF", b"rdf:RXF")
    status, answer = _post(client, damaged, b"no image", tags_from="metadata")
    assert (status, answer["results"][0]["tags"]) == (200, "")
    (problem,) = answer["results"][0]["metadata_problems"]
    assert problem.startswith("XMP in image: XMP has one rdf:RDF")
    assert "error" in answer["results"][1]


def test_another_source_of_tags_is_refused(client):
    status, answer = _post(client, _photo(), tags_from="exif")
    assert (status, answer) == (400, {"error": "tags_from must be metadata. Received: ['exif']."})
