"""An XML file whose root element can be changed while all else stays as it was."""

import codecs
import re

from lxml import etree

DECLARED = frozenset({"ascii", "cp1252", "iso8859-1", "utf-8"})
"""Python's names of the encodings that a declaration may name; UTF-16 and UTF-32 are told by their bytes."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
"""A file's first bytes and the encoding that they tell (XML 1.0, appendix F); the order matters."""

_DECLARATION = re.compile(r"\ufeff?(<\?xml\s[^>]*?\?>)?")
_ENCODING = re.compile(r"<\?xml\s[^>]*?\bencoding\s*=\s*[\"']([^\"']*)[\"']")
_TOKEN = re.compile(r"<!--.*?-->|<\?.*?\?>|<!\[CDATA\[.*?\]\]>|<(?:[^\"'>]|\"[^\"]*\"|'[^']*')*>", re.DOTALL)
"""A markup of a well-formed document without a document type."""
_IMPOSSIBLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""The characters that XML 1.0 cannot hold (production 2)."""


def xml_text(text: str) -> str:
    """Returns `text` with U+FFFD for each character that XML cannot hold, such as U+0000 or U+001B."""
    return _IMPOSSIBLE.sub("\ufffd", text)


class XmlDocument:
    """A parsed XML file.

    The parser reads nothing but the bytes: no entity, no document type, no network, no huge tree. Outside of
    the root element every character is kept, inside it the encoding and the kind of line breaks.

    Attributes:
        root: the root element, which may be changed.
    """

    def __init__(self, content: bytes):
        """Parses a file.

        Raises:
            ValueError: it is not well-formed, has a document type, or an encoding that is not read.
        """
        self._encoding, text = _decoded(content)
        start = _DECLARATION.match(text).end()  # type: ignore[union-attr]  # it matches "" too
        parser = etree.XMLParser(
            encoding="utf-8", resolve_entities=False, no_network=True, huge_tree=False, strip_cdata=False
        )
        try:
            self.root = etree.fromstring(text[start:].encode(), parser)
        except (etree.XMLSyntaxError, UnicodeEncodeError) as error:
            raise ValueError(f"not XML: {error}") from None
        if self.root.getroottree().docinfo.doctype:
            raise ValueError("it has a document type, which XMP does not use")
        self._text = text

    def to_bytes(self) -> bytes:
        """Returns the file with the root element as it is now."""
        breaks = self._text.count("\n")
        line_break = "\r\n" if breaks and self._text.count("\r\n") == breaks else "\n"
        root = etree.tostring(self.root, encoding="unicode", with_tail=False).replace("\n", line_break)
        start, end = self._range_of_root()
        return (self._text[:start] + root + self._text[end:]).encode(self._encoding, "xmlcharrefreplace")

    def _range_of_root(self) -> tuple[int, int]:
        """Returns the positions of the root element's first and last character in the file."""
        start, end = -1, -1
        for token in _TOKEN.finditer(self._text):
            if token[0][1] not in "!?":
                start, end = (token.start() if start < 0 else start), token.end()
        return start, end


def _decoded(content: bytes) -> tuple[str, str]:
    """Returns a file's encoding and its text; a byte order mark is the text's first character."""
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "")
    encoding = encoding or _declared_encoding(content)
    try:
        return encoding, content.decode(encoding)
    except UnicodeDecodeError as error:
        raise ValueError(f"not {encoding}: {error.reason} at byte {error.start}") from None


def _declared_encoding(content: bytes) -> str:
    declaration = _ENCODING.match(content[:200].decode("latin-1"))
    declared = declaration[1] if declaration else "utf-8"
    try:
        encoding = codecs.lookup(declared).name
    except (LookupError, ValueError):
        encoding = ""
    if encoding not in DECLARED:
        raise ValueError(f"its encoding must be {', '.join(sorted(DECLARED))}. Received: {declared!r}")
    return encoding
