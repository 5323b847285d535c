import pytest

from tfrecords_tools.photographs.xmp import RDF, Property, XmpPacket

SUBJECT = Property("http://purl.org/dc/elements/1.1/", "dc", "subject")
FORMS = {
    "text": "<dc:subject>a</dc:subject>",
    "text with a comment": "<dc:subject><!-- b -->a</dc:subject>",
    "bag": "<dc:subject><rdf:Bag><rdf:li>a</rdf:li></rdf:Bag></dc:subject>",
    "sequence": "<dc:subject><rdf:Seq><rdf:li>a</rdf:li></rdf:Seq></dc:subject>",
    "language": "<dc:subject><rdf:Alt><rdf:li xml:lang='en'>a</rdf:li></rdf:Alt></dc:subject>",
    "resource": "<dc:subject rdf:resource='a'/>",
    "qualified by attributes": "<dc:subject rdf:value='a' q:r='1'/>",
    "qualified by a resource": "<dc:subject rdf:parseType='Resource'><rdf:value>a</rdf:value>"
    "<q:r>1</q:r></dc:subject>",
    "qualified item": "<dc:subject><rdf:Bag><rdf:li><rdf:Description rdf:value='a' q:r='1'/></rdf:li>"
    "</rdf:Bag></dc:subject>",
}
DESCRIPTIONS = {name: f"<rdf:Description>{form}</rdf:Description>" for name, form in FORMS.items()} | {
    "attribute": "<rdf:Description dc:subject='a'/>",
    "second description": "<rdf:Description q:r='1'/><rdf:Description dc:subject='a'/>",
    "another prefix": "<rdf:Description xmlns:z='http://purl.org/dc/elements/1.1/' z:subject='a'/>",
}
STRUCTURES = {
    "fields": "<dc:subject rdf:parseType='Resource'><q:r>1</q:r></dc:subject>",
    "fields in attributes": "<dc:subject q:r='1'/>",
    "literal": "<dc:subject rdf:parseType='Literal'><b>a</b></dc:subject>",
    "nested": "<dc:subject><rdf:Description q:r='1'/></dc:subject>",
}


def _packet(properties, wrapper="x:xmpmeta"):
    rdf = (
        f"<rdf:RDF xmlns:rdf='{RDF}' xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns:q='urn:q'>"
        f"{properties}</rdf:RDF>"
    )
    return XmpPacket((f"<{wrapper} xmlns:x='adobe:ns:meta/'>{rdf}</{wrapper}>" if wrapper else rdf).encode())


def _again(packet):
    return XmpPacket(packet.to_bytes())


@pytest.mark.parametrize("form", DESCRIPTIONS)
def test_every_form_is_read_and_added_to(form):
    packet = _packet(DESCRIPTIONS[form])
    assert packet.has(SUBJECT) and packet.values(SUBJECT) == ["a"]
    packet.change_items(SUBJECT, removed=["none"], added=["b", "c"], kind="Bag")
    packet = _again(packet)
    assert packet.values(SUBJECT) == ["a", "b", "c"]
    assert packet.to_bytes().count(b"subject") == 2  # one element
    assert (b"q:r" in packet.to_bytes()) == ("q:r" in DESCRIPTIONS[form])
    packet.change_items(SUBJECT, removed=["a", "b", "c"], added=[], kind="Bag")
    assert not packet.has(SUBJECT)


def test_properties_in_several_places_become_one_list():
    packet = _packet(
        "<rdf:Description dc:subject='a'/><rdf:Description><dc:subject>b</dc:subject>"
        "<dc:subject><rdf:Alt><rdf:li>c</rdf:li></rdf:Alt></dc:subject>"
        "<dc:subject><rdf:Bag><rdf:li q:r='1' rdf:value='d'/></rdf:Bag></dc:subject></rdf:Description>"
    )
    packet.change_items(SUBJECT, removed=[], added=["e"], kind="Bag")
    text = _again(packet).to_bytes()
    assert sorted(XmpPacket(text).values(SUBJECT)) == ["a", "b", "c", "d", "e"]
    assert (text.count(b"<dc:subject>"), text.count(b"<rdf:Bag>"), text.count(b'q:r="1"')) == (1, 1, 1)


@pytest.mark.parametrize("form", STRUCTURES)
def test_a_structure_is_no_keyword_and_is_not_changed(form):
    packet = _packet(f"<rdf:Description>{STRUCTURES[form]}</rdf:Description>")
    before = packet.to_bytes()
    assert packet.values(SUBJECT) == []
    with pytest.raises(ValueError, match="dc:subject has a form"):
        packet.change_items(SUBJECT, removed=[], added=["a"], kind="Bag")
    assert packet.to_bytes() == before


def test_what_needs_no_change_stays_byte_for_byte():
    packet = _packet("<rdf:Description dc:subject='a'/>")
    before = packet.to_bytes()
    packet.change_items(SUBJECT, removed=["b"], added=[], kind="Bag")
    assert packet.to_bytes() == before


def test_new_lists_have_the_kind_that_is_asked_for_and_the_prefix_in_scope():
    packet = _packet("<rdf:Description xmlns:z='urn:new'/>")
    packet.change_items(Property("urn:new", "n", "list"), removed=[], added=["a"], kind="Seq")
    packet.set_text(Property("urn:other", "o", "text"), "b")
    text = packet.to_bytes()
    assert b"<z:list><rdf:Seq><rdf:li>a</rdf:li></rdf:Seq></z:list>" in text
    assert b'<o:text xmlns:o="urn:other">b</o:text>' in text


@pytest.mark.parametrize("wrapper", ["x:xmpmeta", "x:xapmeta", ""])
def test_the_wrapper_does_not_matter(wrapper):
    packet = _packet("", wrapper)
    packet.set_text(SUBJECT, "a\0")
    assert _again(packet).values(SUBJECT) == ["a\ufffd"]


@pytest.mark.parametrize(
    "content", [b"<a/>", f"<a><r:RDF xmlns:r='{RDF}'/><r:RDF xmlns:r='{RDF}'/></a>".encode()]
)
def test_a_packet_has_one_rdf_element(content):
    with pytest.raises(ValueError, match="one rdf:RDF element"):
        XmpPacket(content)
