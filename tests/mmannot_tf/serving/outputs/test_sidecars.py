import codecs
import os
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

from mmannot_tf.serving.annotation import Annotation, Unreadable
from mmannot_tf.serving.inputs.photographs import PhotographFile
from mmannot_tf.serving.outputs.sidecars import MAX_NOTED, Sidecars

DC, RDF = "http://purl.org/dc/elements/1.1/", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
FOREIGN = b"""\
<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>
<!-- of a photo tool -->
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 6.0.0">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"/>
  <rdf:Description rdf:about="" xmlns:lr="http://ns.adobe.com/lightroom/1.0/"
    xmlns:purl="http://purl.org/dc/elements/1.1/">
   <purl:subject><rdf:Bag><rdf:li>holiday</rdf:li><rdf:li>sky</rdf:li></rdf:Bag></purl:subject>
   <lr:hierarchicalSubject><rdf:Bag><rdf:li>places|beach</rdf:li></rdf:Bag></lr:hierarchicalSubject>
   <!-- a remark -->
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""
BROKEN = {
    "cut off": FOREIGN[:300],
    "empty": b"",
    "not XMP": b"<a/>",
    "unknown encoding": b'<?xml version="1.0" encoding="klingon"?>' + FOREIGN,
    "not UTF-8": FOREIGN.replace(b"holiday", b"holi\xffday"),
    "entities": b'<!DOCTYPE x [<!ENTITY e "e">]>' + FOREIGN,
    "nested too deep": FOREIGN.replace(b"<!-- a remark -->", b"<a>" * 300 + b"</a>" * 300),
    "a structure": FOREIGN.replace(b"<purl:subject>", b"<purl:subject rdf:parseType='Literal'>"),
}


def _annotation(image, *labels):
    return Annotation(str(image), "", tuple((label, 0.5) for label in labels), float(len(labels)))


def _write(*annotations, model="m", name="full", log=lambda line: None):
    output = Sidecars(model, name, log)
    results = output.write(annotations)
    output.close()
    return results


def _keywords(file):
    """By a parser that is not ours."""
    root = ElementTree.fromstring(file.read_bytes())
    return [item.text for item in root.findall(f".//{{{DC}}}subject/*/{{{RDF}}}li")]


def _photographs(folder, *names):
    for name in names:
        (folder / name).touch()
    return [PhotographFile(folder / name, name) for name in names]


def test_photographs_of_one_stem_have_sidecars_of_their_own(tmp_path):
    _photographs(tmp_path, "a.jpg", "a.png")
    for name in ("full", "stem"):
        _write(_annotation(tmp_path / "a.jpg", "boat"), _annotation(tmp_path / "a.png", "sky"), name=name)
        assert sorted(file.name for file in tmp_path.glob("*.xmp")) == ["a.jpg.xmp", "a.png.xmp"]
    assert _keywords(tmp_path / "a.png.xmp") == ["sky"]


def test_a_second_run_wants_what_has_no_sidecar_of_this_model(tmp_path):
    photographs = [
        *_photographs(tmp_path, "a.jpg", "b.jpg", "c.jpg"),
        PhotographFile(tmp_path / "a.jpg", "a.jpg"),
    ]
    (tmp_path / "b.xmp").write_bytes(FOREIGN)
    for model, earlier, wanted in (
        ("m", 0, ["a.jpg", "b.jpg", "c.jpg"]),
        ("m", 2, ["c.jpg"]),
        ("n", 0, ["a.jpg", "b.jpg", "c.jpg"]),
    ):
        output = Sidecars(model)
        requested = [photograph.relative for photograph in photographs if output.wants(photograph)]
        assert requested == wanted
        assert output.already_done == earlier
        output.write([_annotation(tmp_path / "a.jpg", "boat"), _annotation(tmp_path / "b.jpg", "boat")])
        output.close()
    assert _keywords(tmp_path / "b.xmp") == ["holiday", "sky", "boat"]
    assert not (tmp_path / "b.jpg.xmp").exists()


def test_a_sidecar_of_a_former_version_is_written_anew_with_its_names(tmp_path):
    (photograph,) = _photographs(tmp_path, "a.jpg")
    (tmp_path / "a.jpg.xmp").write_bytes(
        FOREIGN.replace(b"<!-- a remark -->", b'<m:model xmlns:m="urn:mmannot:1.0/">m</m:model>')
    )
    output = Sidecars("m")
    assert output.wants(photograph)
    output.close()
    _write(_annotation(photograph, "boat"))
    assert b":model" not in (tmp_path / "a.jpg.xmp").read_bytes()
    output = Sidecars("m")
    assert not output.wants(photograph)
    output.close()


@pytest.mark.parametrize("kind", BROKEN)
def test_a_sidecar_that_cannot_be_merged_is_left_and_told(tmp_path, kind):
    broken, (photograph, other) = tmp_path / "a.xmp", _photographs(tmp_path, "a.jpg", "b.jpg")
    broken.write_bytes(BROKEN[kind])
    output = Sidecars("m")
    assert output.wants(photograph) and output.wants(other)
    result, done = output.write([_annotation(photograph, "boat"), _annotation(other, "sky")])
    output.close()
    assert isinstance(result, Unreadable) and isinstance(done, Annotation)
    assert f"{broken} is left unchanged: " in result.error
    assert broken.read_bytes() == BROKEN[kind]
    assert not (tmp_path / "a.jpg.xmp").exists()


def test_files_that_cannot_be_read_or_written_are_told(tmp_path):
    _photographs(tmp_path, "pipe.jpg", "dead.jpg")
    os.mkfifo(tmp_path / "pipe.xmp")
    (tmp_path / "dead.jpg.xmp").symlink_to("nowhere")
    unread = Unreadable(str(tmp_path / "b.jpg"), "", "no image")
    images = (tmp_path / "pipe.jpg", tmp_path / "dead.jpg", Path("/proc/none/c.jpg"))
    output = Sidecars("m")
    assert all(output.wants(PhotographFile(image, image.name)) for image in images)
    errors = output.write([unread, *(_annotation(image, "boat") for image in images)])
    output.close()
    assert errors[0] == unread
    messages = ("it is no regular file", "No such file or directory", "No such file or directory")
    for result, message in zip(errors[1:], messages, strict=True):
        assert isinstance(result, Unreadable) and message in result.error
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16-le"])
def test_what_is_not_ours_stays_in_every_encoding(tmp_path, encoding):
    _photographs(tmp_path, "a.jpg")
    file = tmp_path / "a.xmp"
    text = FOREIGN.decode().replace("\n", "\r\n").replace("xmp:Rating", 'xmp:Label="1&#10;2&#9;3" xmp:Rating')
    file.write_bytes((codecs.BOM_UTF16_LE if "16" in encoding else b"") + text.encode(encoding))
    _write(_annotation(tmp_path / "a.jpg", "b\u00f6at"))
    after = file.read_bytes().decode(encoding.removesuffix("-sig"))
    assert after.startswith("\ufeff") == (encoding != "utf-8")
    assert after.count("\n") == after.count("\r\n") > 10
    for kept in (
        'xmp:Label="1&#10;2&#9;3"',
        'xmp:Rating="4"',
        "places|beach",
        "<!-- of a photo tool -->\r\n",
        "<!-- a remark -->",
        "6.0.0",
        "purl:subject",
    ):
        assert kept in after
    assert "b\u00f6at" in after and after.count("<?xpacket") == 2
    _write(_annotation(tmp_path / "a.jpg"), model="n")
    assert "b\u00f6at" not in file.read_bytes().decode(encoding)


def test_two_possible_sidecars_are_said_for_the_first_photographs(tmp_path):
    names = [f"{number}.jpg" for number in range(MAX_NOTED + 2)]
    _photographs(tmp_path, *names, "only.png", "only.jpg")
    for name in names:
        (tmp_path / f"{name}.xmp").write_bytes(FOREIGN)
        (tmp_path / name).with_suffix(".xmp").write_bytes(FOREIGN)
    (tmp_path / "only.xmp").write_bytes(FOREIGN)
    lines: list[str] = []
    _write(*(_annotation(tmp_path / name, "boat") for name in ("only.png", *names)), log=lines.append)
    assert len(lines) == MAX_NOTED + 1
    assert lines[0].endswith(
        "only.png: keywords are in only.png.xmp; only.xmp may belong to another photograph"
    )
    assert lines[1].endswith("0.jpg: keywords are in 0.jpg.xmp; 0.xmp exists too and is left")
    assert lines[-1] == "note: 3 more photographs have two possible sidecars"
    assert (tmp_path / "0.xmp").read_bytes() == FOREIGN


def test_keywords_inside_the_photograph_are_not_ours(tmp_path):
    packet = FOREIGN.replace(b"holiday", b"harbour")
    Image.new("RGB", (8, 8)).save(tmp_path / "a.jpg", xmp=packet)
    _write(_annotation(tmp_path / "a.jpg", "harbour", "boat"))
    _write(_annotation(tmp_path / "a.jpg", "tree"), model="n")
    assert _keywords(tmp_path / "a.jpg.xmp") == ["harbour", "tree"]
