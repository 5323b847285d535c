"""Keywords in an XMP packet, as photo tools store them.

A keyword is an item of the bag `dc:subject` (XMP specification, part 1, 8.3; Dublin Core). Two properties of
our own namespace hold the model and the keywords it added, which separates them from people's keywords.
"""

from collections.abc import Iterator, Sequence
from typing import TypeGuard
from xml.dom import minidom
from xml.parsers.expat import ExpatError

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
DC = "http://purl.org/dc/elements/1.1/"
OURS = "urn:mmannot:1.0/"
PREFIXES = {RDF: "rdf", DC: "dc", OURS: "mmannot"}

_CONTAINERS = ("Bag", "Seq", "Alt")
_EMPTY = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="{RDF}">
<rdf:Description rdf:about="" xmlns:dc="{DC}" xmlns:mmannot="{OURS}"/>
</rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>""".encode()


class XmpPacket:
    """An XMP packet. Foreign contents are preserved: comments, prefixes and unknown properties."""

    def __init__(self, text: bytes = _EMPTY):
        """Parses a packet; creates an empty one by default.

        Raises:
            ValueError: the text is not XML, or not XMP.
        """
        try:
            self._document = minidom.parseString(text)
        except ExpatError as error:
            raise ValueError(f"not XML: {error}") from None
        roots = self._document.getElementsByTagNameNS(RDF, "RDF")
        if not roots:
            raise ValueError("it has no rdf:RDF")
        self._rdf = roots[0]

    @property
    def keywords(self) -> list[str]:
        """The items of `dc:subject`."""
        return [_text(item) for item in self._items(DC, "subject")]

    @property
    def model(self) -> str:
        """The model that annotated; "" if none did."""
        return next((_text(element) for element in self._properties(OURS, "model")), "")

    def set_keywords(self, keywords: Sequence[str], model: str) -> None:
        """Removes the keywords that an earlier annotation added and adds these, each once."""
        added = {_text(item) for item in self._items(OURS, "keywords")}
        for item in [item for item in self._items(DC, "subject") if _text(item) in added]:
            _remove(item)
        for name in ("model", "keywords"):
            for element in list(self._properties(OURS, name)):
                _remove(element)
        new = [word for word in dict.fromkeys(keywords) if word not in self.keywords]
        subject = next(self._properties(DC, "subject"), None) or self._element(
            self._description(), DC, "subject"
        )
        self._extend(subject, new)
        self._extend(self._element(self._description(), OURS, "keywords"), new)
        marker = self._element(self._description(), OURS, "model")
        marker.appendChild(self._document.createTextNode(model))

    def to_bytes(self) -> bytes:
        """Returns the packet in UTF-8."""
        return "\n".join(node.toxml() for node in self._document.childNodes).encode() + b"\n"

    def _descriptions(self) -> list[minidom.Element]:
        return [node for node in self._rdf.childNodes if _is(node, RDF, ("Description",))]

    def _description(self) -> minidom.Element:
        """Returns the first description; creates one if there is none."""
        if not self._descriptions():
            self._element(self._rdf, RDF, "Description").setAttributeNS(RDF, "rdf:about", "")
        return self._descriptions()[0]

    def _properties(self, namespace: str, name: str) -> Iterator[minidom.Element]:
        for description in self._descriptions():
            yield from (node for node in description.childNodes if _is(node, namespace, (name,)))

    def _items(self, namespace: str, name: str) -> list[minidom.Element]:
        return [
            item
            for element in self._properties(namespace, name)
            for container in element.childNodes
            if _is(container, RDF, _CONTAINERS)
            for item in container.childNodes
            if _is(item, RDF, ("li",))
        ]

    def _extend(self, element: minidom.Element, words: Sequence[str]) -> None:
        """Adds items to a property's container; creates the container if there is none."""
        containers = [node for node in element.childNodes if _is(node, RDF, _CONTAINERS)]
        container = containers[0] if containers else self._element(element, RDF, "Bag")
        for word in words:
            self._element(container, RDF, "li").appendChild(self._document.createTextNode(word))

    def _element(self, parent: minidom.Element, namespace: str, name: str) -> minidom.Element:
        """Appends a new child to `parent` and returns it."""
        prefix = PREFIXES[namespace]
        element = self._document.createElementNS(namespace, f"{prefix}:{name}")
        element.setAttribute(f"xmlns:{prefix}", namespace)
        return parent.appendChild(element)


def _is(node: minidom.Node, namespace: str, names: Sequence[str]) -> TypeGuard[minidom.Element]:
    return isinstance(node, minidom.Element) and node.namespaceURI == namespace and node.localName in names


def _remove(element: minidom.Element) -> None:
    if element.parentNode is not None:
        element.parentNode.removeChild(element)


def _text(element: minidom.Element) -> str:
    return "".join(node.data for node in element.childNodes if node.nodeType == node.TEXT_NODE)
