"""Keywords in an XMP packet, as photo tools keep them. No TensorFlow.

A keyword is an item of the bag `dc:subject` (XMP specification, part 1, 8.3; Dublin Core). What annotated and
which keywords it added stands in two properties of ours, so that keywords of people are told apart.
"""

from collections.abc import Iterator, Sequence
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


class Packet:
    """An XMP packet. What is not ours in it stays as it is: comments, prefixes, unknown properties, all."""

    def __init__(self, text: bytes = _EMPTY):
        """Parses a packet; without one begins it.

        Raises:
            ValueError: it is no XML, or no XMP.
        """
        try:
            self._document = minidom.parseString(text)
        except ExpatError as error:
            raise ValueError(f"no XML: {error}") from None
        found = self._document.getElementsByTagNameNS(RDF, "RDF")
        if not found:
            raise ValueError("no rdf:RDF in it")
        self._rdf = found[0]

    @property
    def keywords(self) -> list[str]:
        """All items of `dc:subject`."""
        return [_text(item) for item in self._items(DC, "subject")]

    @property
    def model(self) -> str:
        """What annotated; "" where nothing did."""
        return next((_text(one) for one in self._properties(OURS, "model")), "")

    def set_keywords(self, keywords: Sequence[str], model: str) -> None:
        """Takes back the keywords that were added before and adds these, each once."""
        added = {_text(item) for item in self._items(OURS, "keywords")}
        for item in [item for item in self._items(DC, "subject") if _text(item) in added]:
            item.parentNode.removeChild(item)
        for name in ("model", "keywords"):
            for one in list(self._properties(OURS, name)):
                one.parentNode.removeChild(one)
        new = [word for word in dict.fromkeys(keywords) if word not in self.keywords]
        subject = next(self._properties(DC, "subject"), None) or self._element(
            self._description(), DC, "subject"
        )
        self._extend(subject, new)
        self._extend(self._element(self._description(), OURS, "keywords"), new)
        marked = self._element(self._description(), OURS, "model")
        marked.appendChild(self._document.createTextNode(model))

    def to_bytes(self) -> bytes:
        """The packet, UTF-8."""
        return "\n".join(node.toxml() for node in self._document.childNodes).encode() + b"\n"

    def _descriptions(self) -> list[minidom.Element]:
        return [one for one in self._rdf.childNodes if _is(one, RDF, ("Description",))]

    def _description(self) -> minidom.Element:
        """The first description; a new one where there is none."""
        if not self._descriptions():
            self._element(self._rdf, RDF, "Description").setAttributeNS(RDF, "rdf:about", "")
        return self._descriptions()[0]

    def _properties(self, namespace: str, name: str) -> Iterator[minidom.Element]:
        for description in self._descriptions():
            yield from (one for one in description.childNodes if _is(one, namespace, (name,)))

    def _items(self, namespace: str, name: str) -> list[minidom.Element]:
        return [
            item
            for one in self._properties(namespace, name)
            for container in one.childNodes
            if _is(container, RDF, _CONTAINERS)
            for item in container.childNodes
            if _is(item, RDF, ("li",))
        ]

    def _extend(self, one: minidom.Element, words: Sequence[str]) -> None:
        """Adds items to a property's container, which is made where there is none."""
        containers = [node for node in one.childNodes if _is(node, RDF, _CONTAINERS)]
        container = containers[0] if containers else self._element(one, RDF, "Bag")
        for word in words:
            self._element(container, RDF, "li").appendChild(self._document.createTextNode(word))

    def _element(self, parent: minidom.Element, namespace: str, name: str) -> minidom.Element:
        """A new last child of `parent`."""
        prefix = PREFIXES[namespace]
        element = self._document.createElementNS(namespace, f"{prefix}:{name}")
        element.setAttribute(f"xmlns:{prefix}", namespace)
        return parent.appendChild(element)


def _is(node: minidom.Node, namespace: str, names: Sequence[str]) -> bool:
    return node.nodeType == node.ELEMENT_NODE and node.namespaceURI == namespace and node.localName in names


def _text(element: minidom.Element) -> str:
    return "".join(node.data for node in element.childNodes if node.nodeType == node.TEXT_NODE)
