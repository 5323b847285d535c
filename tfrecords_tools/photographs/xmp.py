"""Properties in an XMP packet, in every form that RDF/XML has for them (XMP specification, part 1, 7).

A property is an element or an attribute of an `rdf:Description`. Its value is text, or a bag, sequence or
alternative of items; a qualified value is in `rdf:value`. Prefixes are of any name.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from lxml import etree

from tfrecords_tools.photographs.xml_document import XmlDocument, xml_text

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"

_XML = "http://www.w3.org/XML/1998/namespace"
_DESCRIPTION = f"{{{RDF}}}Description"
_VALUE = f"{{{RDF}}}value"
_PARSE_TYPE = f"{{{RDF}}}parseType"
_RESOURCE = f"{{{RDF}}}resource"
_BAG, _SEQUENCE, _ALTERNATIVE = (f"{{{RDF}}}{name}" for name in ("Bag", "Seq", "Alt"))
_CONTAINERS = frozenset({_BAG, _SEQUENCE, _ALTERNATIVE})
_ITEM = f"{{{RDF}}}li"
EMPTY = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="{RDF}">
  <rdf:Description rdf:about=""/>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>
""".encode()
"""A packet without properties."""


class Property(NamedTuple):
    """The name of a property.

    Attributes:
        namespace: its URI.
        prefix: for packets that have none for the namespace yet.
        name: without prefix.
    """

    namespace: str
    prefix: str
    name: str

    @property
    def tag(self) -> str:
        """The name as lxml writes it."""
        return f"{{{self.namespace}}}{self.name}"

    def __str__(self) -> str:
        return f"{self.prefix}:{self.name}"


class XmpPacket:
    """An XMP packet; what is not changed keeps its meaning, and comments and padding stay."""

    def __init__(self, content: bytes = EMPTY):
        """Parses a packet; creates an empty one by default.

        Raises:
            ValueError: the content is not XML, or not XMP.
        """
        self._document = XmlDocument(content)
        found = list(self._document.root.iter(f"{{{RDF}}}RDF"))
        if len(found) != 1:
            raise ValueError(f"XMP has one rdf:RDF element; it has {len(found)}")
        self._rdf = found[0]

    def values(self, name: Property) -> list[str]:
        """Returns a property's texts, of all places where it stands; items that are no text are left out."""
        found: list[str | None] = []
        for description in self._descriptions():
            if name.tag in description.attrib:
                found.append(description.get(name.tag))
            for element in description.iterchildren(name.tag):
                container = _container(element)
                found += [_text(item) for item in (container if container is not None else [element])]
        return [text for text in found if text]

    def has(self, name: Property) -> bool:
        """Whether the packet states a property."""
        return any(
            name.tag in description.attrib or description.find(name.tag) is not None
            for description in self._descriptions()
        )

    def remove(self, name: Property) -> None:
        """Removes a property."""
        for description in self._descriptions():
            description.attrib.pop(name.tag, None)
            for element in list(description.iterchildren(name.tag)):
                _remove(element)

    def set_text(self, name: Property, text: str) -> None:
        """Replaces a property by a text."""
        self.remove(name)
        self._add(name).text = xml_text(text)

    def change_items(
        self, name: Property, *, removed: Collection[str], added: Sequence[str], kind: str
    ) -> None:
        """Removes and adds texts of a property; other items stay as they are, qualifiers included.

        A property in another form, such as an attribute, or in several places becomes one list. A list
        without items is removed.

        Args:
            name: the property.
            removed: the texts to remove.
            added: the texts to append, in order.
            kind: "Bag" or "Seq"; the form of a new list.

        Raises:
            ValueError: the property has a form that holds no list of texts.
        """
        removed = frozenset(removed)
        if not added and removed.isdisjoint(self.values(name)):
            return
        container = self._joined_container(name, kind)
        for item in list(container.iterchildren(etree.Element)):
            if _text(item) in removed:
                _remove(item)
        for text in added:
            _append(container, _ITEM).text = xml_text(text)
        if not len(container):
            self.remove(name)

    @property
    def is_empty(self) -> bool:
        """Whether the packet states no property, as `EMPTY` does."""
        return not any(
            len(place) or any(name != f"{{{RDF}}}about" for name in place.attrib)
            for place in self._descriptions()
        )

    def to_bytes(self) -> bytes:
        """Returns the packet in its encoding."""
        return self._document.to_bytes()

    def _descriptions(self) -> Iterator[etree._Element]:
        return self._rdf.iterchildren(_DESCRIPTION)

    def _add(self, name: Property, place: etree._Element | None = None) -> etree._Element:
        """Appends a new element for a property to `place`, by default to the first description."""
        if place is None:
            place = next(self._descriptions(), None)
        if place is None:
            place = _append(self._rdf, _DESCRIPTION)
            place.set(f"{{{RDF}}}about", "")
        return _append(place, name.tag, {name.prefix: name.namespace})

    def _joined_container(self, name: Property, kind: str) -> etree._Element:
        """Returns a property's only container, after all its values were moved there."""
        described = [place for place in self._descriptions() if name.tag in place.attrib]
        elements = [element for place in self._descriptions() for element in place.iterchildren(name.tag)]
        containers = [_container(element) for element in elements]
        simple = [element for element, found in zip(elements, containers, strict=True) if found is None]
        if any(_text(element) is None for element in simple):
            raise ValueError(f"{name} has a form that is no list of keywords")
        lists = [found for found in containers if found is not None]
        if not lists:
            place = next((element.getparent() for element in simple), next(iter(described), None))
            lists = [_append(self._add(name, place), f"{{{RDF}}}{kind}")]
        _join(lists)
        for place in described:
            if text := place.attrib.pop(name.tag):
                _append(lists[0], _ITEM).text = text
        for element in simple:
            if _text(element):
                _move(element, lists[0])
            _remove(element)
        return lists[0]


def _join(containers: Sequence[etree._Element]) -> None:
    """Moves all items to the first container, and removes the properties of the others."""
    target, *others = containers
    if target.tag == _ALTERNATIVE:
        target.tag = _BAG
    for container in others:
        for item in list(container.iterchildren(etree.Element)):
            _move(item, target)
        _remove(container.getparent())


def _container(element: etree._Element) -> etree._Element | None:
    """Returns the bag, sequence or alternative that is an element's value; None if it has none."""
    children = list(element.iterchildren(etree.Element))
    is_list = len(children) == 1 and children[0].tag in _CONTAINERS and _PARSE_TYPE not in element.attrib
    return children[0] if is_list else None


def _text(element: etree._Element) -> str | None:
    """Returns the text that is an element's value; None if the value is no text."""
    if element.get(_PARSE_TYPE, "Resource") != "Resource":
        return None
    for attribute in (_VALUE, _RESOURCE):
        if attribute in element.attrib:
            return element.get(attribute)
    children = list(element.iterchildren(etree.Element))
    if not children:
        return None if _has_fields(element) else _own_text(element)
    if len(children) == 1 and children[0].tag == _DESCRIPTION:
        return _text(children[0]) if _has_value(children[0]) else None
    value = element.find(_VALUE)
    return None if value is None else _own_text(value)


def _has_fields(element: etree._Element) -> bool:
    """Whether attributes are the fields of a structure."""
    return any(not name.startswith((f"{{{RDF}}}", f"{{{_XML}}}")) for name in element.attrib)


def _has_value(description: etree._Element) -> bool:
    return _VALUE in description.attrib or description.find(_VALUE) is not None


def _own_text(element: etree._Element) -> str:
    """Returns an element's text without its comments."""
    return "".join([element.text or "", *(child.tail or "" for child in element)])


def _move(element: etree._Element, container: etree._Element) -> None:
    """Appends a copy of an element's value, with its qualifiers, to a container as an item."""
    item = _append(container, _ITEM)
    item.attrib.update(element.attrib)
    item.text = element.text
    item.extend(list(element))


def _append(parent: etree._Element, tag: str, prefixes: dict[str, str] | None = None) -> etree._Element:
    """Appends a new element, on a line of its own where its siblings have one."""
    last = next(parent.iterchildren(reversed=True), None)  # len() would count all children
    element = etree.SubElement(parent, tag, nsmap=_new_prefixes(parent, prefixes or {}))
    if last is not None:
        element.tail, last.tail = last.tail, parent.text
    return element


def _remove(element: etree._Element) -> None:
    """Removes an element with the line that it was on."""
    before = element.getprevious()
    if element.getnext() is None and before is not None:
        before.tail = element.tail
    element.getparent().remove(element)


def _new_prefixes(parent: etree._Element, prefixes: dict[str, str]) -> dict[str, str]:
    """Those prefixes whose namespace has none in the parent's scope."""
    known = {namespace for prefix, namespace in parent.nsmap.items() if prefix}
    return {prefix: namespace for prefix, namespace in prefixes.items() if namespace not in known}
