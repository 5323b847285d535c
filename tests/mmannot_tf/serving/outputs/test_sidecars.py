from pathlib import Path
from xml.etree import ElementTree

import pytest

from mmannot_tf.serving.annotation import Annotation, Unreadable
from mmannot_tf.serving.inputs.photographs import Photograph
from mmannot_tf.serving.outputs.sidecars import Sidecars, sidecar_path
from mmannot_tf.serving.outputs.xmp import DC, RDF, XmpPacket

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


def _annotation(image, *labels):
    return Annotation(str(image), "", tuple((label, 0.5) for label in labels), float(len(labels)))


def _keywords(text):
    """By a parser that is not ours."""
    root = ElementTree.fromstring(text)
    return [item.text for item in root.findall(f".//{{{DC}}}subject/*/{{{RDF}}}li")]


def test_a_new_packet_holds_the_keywords():
    packet = XmpPacket()
    packet.set_keywords(["boat", "sky & <sea>", "boat"], "m")
    text = packet.to_bytes()
    assert _keywords(text) == ["boat", "sky & <sea>"]
    assert text.decode().startswith('<?xpacket begin="\ufeff"')
    assert XmpPacket(text).model == "m"


def test_merging_adds_and_keeps_all_else():
    packet = XmpPacket(FOREIGN)
    packet.set_keywords(["sky", "boat"], "m")
    text = packet.to_bytes().decode()
    assert _keywords(text) == ["holiday", "sky", "boat"]
    for kept in (
        'xmp:Rating="4"',
        "places|beach",
        "<!-- of a photo tool -->",
        "<!-- a remark -->",
        "6.0.0",
        "purl:",
    ):
        assert kept in text
    assert text.count("<?xpacket") == 2


def test_annotating_again_replaces_our_keywords_and_no_others():
    packet = XmpPacket(FOREIGN)
    packet.set_keywords(["sky", "boat", "car"], "m")
    packet = XmpPacket(packet.to_bytes())
    packet.set_keywords(["car", "tree"], "n")
    again = XmpPacket(packet.to_bytes())
    assert again.keywords == ["holiday", "sky", "car", "tree"]
    assert again.model == "n"


def test_the_same_annotation_again_changes_nothing():
    packet = XmpPacket(FOREIGN)
    packet.set_keywords(["boat"], "m")
    once = packet.to_bytes()
    packet = XmpPacket(once)
    packet.set_keywords(["boat"], "m")
    assert XmpPacket(packet.to_bytes()).keywords == XmpPacket(once).keywords


@pytest.mark.parametrize("text", [b"", b"no xml", b"<a/>", FOREIGN[:300]])
def test_what_is_no_packet_is_refused(text):
    with pytest.raises(ValueError, match=r"not XML|RDF"):
        XmpPacket(text)


def test_photographs_of_one_name_have_sidecars_of_their_own(tmp_path):
    output = Sidecars("m")
    output.write([_annotation(tmp_path / "a.jpg", "boat"), _annotation(tmp_path / "a.png", "sky")])
    output.close()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.jpg.xmp", "a.png.xmp"]
    assert _keywords(sidecar_path(str(tmp_path / "a.png")).read_bytes()) == ["sky"]


def test_a_second_run_wants_what_has_no_sidecar_of_this_model(tmp_path):
    photographs = [Photograph(tmp_path / name, name) for name in ("a.jpg", "b.jpg", "c.jpg", "a.jpg")]
    (tmp_path / "b.jpg.xmp").write_bytes(FOREIGN)
    for model, earlier, wanted in (
        ("m", 0, ["a.jpg", "b.jpg", "c.jpg"]),
        ("m", 2, ["c.jpg"]),
        ("n", 0, None),
    ):
        output = Sidecars(model)
        requested = [photograph.relative for photograph in photographs if output.wants(photograph)]
        assert requested == (wanted or ["a.jpg", "b.jpg", "c.jpg"])
        assert output.already_done == earlier
        output.write([_annotation(tmp_path / "a.jpg", "boat"), _annotation(tmp_path / "b.jpg", "boat")])
        output.close()
    assert _keywords((tmp_path / "b.jpg.xmp").read_bytes()) == ["holiday", "sky", "boat"]


def test_a_sidecar_that_is_broken_is_left_and_told(tmp_path):
    broken, image = tmp_path / "a.jpg.xmp", str(tmp_path / "a.jpg")
    broken.write_bytes(FOREIGN[:300])
    output = Sidecars("m")
    (result,) = output.write([_annotation(image, "boat")])
    assert isinstance(result, Unreadable)
    assert "left unchanged" in result.error
    assert broken.read_bytes() == FOREIGN[:300]
    unread = Unreadable(str(tmp_path / "b.jpg"), "", "no image")
    assert output.write([unread]) == [unread]
    (result,) = output.write([_annotation(Path("/proc/none/c.jpg"), "boat")])
    assert isinstance(result, Unreadable)
    output.close()
    assert [file.name for file in tmp_path.iterdir()] == ["a.jpg.xmp"]
