import pytest
from lxml import etree

from tfrecords_tools.photographs.xml_document import XmlDocument, xml_text

PADDED = """<?xpacket begin="\ufeff"?>
<!-- </a> -->
<a b="1&#10;2&#9;3"><![CDATA[<c>]]>x&#13;y</a>

<?end ">"?>
"""


def test_a_document_that_is_not_changed_stays_byte_for_byte():
    assert XmlDocument(PADDED.encode()).to_bytes() == PADDED.encode()


def test_only_the_root_element_changes():
    document = XmlDocument(PADDED.encode())
    etree.SubElement(document.root, "d").text = "ö"
    assert document.to_bytes().decode() == PADDED.replace("</a>\n\n", "<d>ö</d></a>\n\n")


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", "\ufeff"),
        ("utf-16-le", "\ufeff"),
        ("utf-16-be", ""),
        ("utf-32-le", "\ufeff"),
        ("utf-32-be", ""),
    ],
)
def test_the_encoding_is_told_by_the_first_bytes_and_kept(encoding, mark):
    content = f"{mark}<?xml version='1.0'?><a>\u00f6\U0001f600</a>".encode(encoding)
    document = XmlDocument(content)
    assert document.root.text == "\u00f6\U0001f600"
    assert document.to_bytes() == content


def test_a_declared_encoding_is_kept_and_what_it_lacks_is_written_as_a_reference():
    document = XmlDocument("<?xml version='1.0' encoding='ISO-8859-1'?>\n<a>ö</a>".encode("latin-1"))
    document.root.text += "→"
    assert document.to_bytes() == "<?xml version='1.0' encoding='ISO-8859-1'?>\n<a>ö&#8594;</a>".encode(
        "latin-1"
    )


def test_line_breaks_are_kept():
    content = b"<a>\r\n <b>two\r\nlines</b>\r\n</a>\r\n"
    document = XmlDocument(content)
    assert document.root[0].text == "two\nlines"
    assert document.to_bytes() == content


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not XML"),
        (b"<a>", "not XML"),
        (b"<a/><b/>", "not XML"),
        (b"<x:a/>", "not XML"),
        (b"<a>\x01</a>", "not XML"),
        (b"<a>\xff</a>", "not utf-8"),
        (b"<a>" * 300 + b"</a>" * 300, "not XML"),
        (b"<?xml version='1.0' encoding='klingon'?><a/>", "klingon"),
        (b"<?xml version='1.0' encoding='utf-7'?><a/>", "utf-7"),
        (b"<?xml version='1.0' encoding='rot13'?><a/>", "rot13"),
        (b"<?xml version='1.0' encoding='UTF-16'?><a/>", "UTF-16"),
        (b"<!DOCTYPE a><a/>", "document type"),
        (b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/hostname">]><a>&e;</a>', "document type"),
        (b'<!DOCTYPE a [<!ENTITY e "eeeeee"><!ENTITY f "&e;&e;&e;">]><a>&f;</a>', "document type"),
    ],
)
def test_what_cannot_be_kept_safely_is_refused(content, message):
    with pytest.raises(ValueError, match=message):
        XmlDocument(content)


def test_characters_that_xml_cannot_hold_are_replaced():
    text = xml_text("a\0b\x1bc\tö\ud800\ufffe\U0001f600")
    assert text == "a\ufffdb\ufffdc\tö\ufffd\ufffd\U0001f600"
    element = etree.Element("a")
    element.text = text
    assert etree.fromstring(etree.tostring(element)).text == text
