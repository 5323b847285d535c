"""The fields of an XMP packet that hold keywords, each with the form that its programs give them.

The list is digiKam's (digikam/core/libs/metadataengine), which darktable, Lightroom, Immich, Windows and
ExifTool share parts of. `dc:subject` has words; the others have paths such as `places|beach`.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from tfrecords_tools.photographs.xml_document import xml_text
from tfrecords_tools.photographs.xmp import Property, XmpPacket

OURS = "urn:mmannot:1.0/"
MODEL = Property(OURS, "mmannot", "AnnotationModel")
"""The model that annotated; no standard tag has this name, so that programs do not copy it to one."""
ADDED = Property(OURS, "mmannot", "AnnotatedKeywords")
"""The labels that it added, which separates them from people's keywords."""
FORMER_MODEL = Property(OURS, "mmannot", "model")
FORMER_ADDED = Property(OURS, "mmannot", "keywords")
REPLACEMENT = "-"
"""Stands for a field's separator where a label contains it: a label is one word and no path."""


@dataclass(frozen=True)
class KeywordField:
    """A field that holds keywords.

    Attributes:
        name: of the property.
        separator: between the levels of a path; "" if the field has words without levels.
        kind: "Bag" or "Seq", as its programs write it.
    """

    name: Property
    separator: str = ""
    kind: str = "Bag"

    def written(self, label: str) -> str:
        """Returns a label in this field's form."""
        text = xml_text(label)
        return text.replace(self.separator, REPLACEMENT) if self.separator else text

    def levels(self, value: str) -> list[str]:
        """Returns the words of a value: of a path all levels, the outermost first."""
        return value.split(self.separator) if self.separator else [value]


SUBJECT = KeywordField(Property("http://purl.org/dc/elements/1.1/", "dc", "subject"))
FIELDS = (
    SUBJECT,
    KeywordField(Property("http://ns.adobe.com/lightroom/1.0/", "lr", "hierarchicalSubject"), "|"),
    KeywordField(Property("http://www.digikam.org/ns/1.0/", "digiKam", "TagsList"), "/", "Seq"),
    KeywordField(Property("http://ns.microsoft.com/photo/1.0/", "MicrosoftPhoto", "LastKeywordXMP"), "/"),
    KeywordField(Property("http://ns.microsoft.com/photo/1.0", "MicrosoftPhoto", "LastKeywordXMP"), "/"),
    KeywordField(Property("http://ns.iview-multimedia.com/mediapro/1.0/", "mediapro", "CatalogSets"), "|"),
    KeywordField(
        Property("http://ns.microsoft.com/expressionmedia/1.0/", "expressionmedia", "CatalogSets"), "|"
    ),
    KeywordField(Property("http://ns.acdsee.com/iptc/1.0/", "acdsee", "keywords")),
)


def model_of(packet: XmpPacket) -> str:
    """Returns the model that annotated; "" if none did, or a version that wrote other names."""
    return next(iter(packet.values(MODEL)), "")


def added_labels(packet: XmpPacket) -> list[str]:
    """Returns the labels that an annotation added, as it wrote them."""
    return [*packet.values(ADDED), *packet.values(FORMER_ADDED)]


def keywords(packet: XmpPacket, *, without: Iterable[str]) -> list[str]:
    """Returns the words of all fields, each once, without the values that are the labels `without`."""
    words: dict[str, None] = {}
    without = frozenset(without)
    for field in FIELDS:
        forms = _forms(field, without)
        for value in packet.values(field.name):
            if value not in forms:
                words.update(dict.fromkeys(field.levels(value)))
    return list(words)


def set_labels(
    packet: XmpPacket, labels: Sequence[str], model: str, *, elsewhere: Collection[str] = ()
) -> None:
    """Replaces the labels of an earlier annotation; people's keywords stay.

    `dc:subject` gets the labels, and so does each other field that the packet has. A label that a person
    gave too, before or after, as a level of a path in any field or elsewhere, is that person's keyword: no
    later annotation removes it. An item that is an earlier label counts as a program's copy of it.

    Args:
        packet: the packet.
        labels: the labels, written as in `KeywordField.written`.
        model: identifies the model.
        elsewhere: people's keywords outside of the packet, such as in the photograph.

    Raises:
        ValueError: a field has a form that holds no list of keywords.
    """
    texts = list(dict.fromkeys(xml_text(label) for label in labels))
    theirs = _exchange(packet, texts, elsewhere)
    added = [text for text in texts if text not in theirs]
    packet.change_items(ADDED, removed=(), added=added, kind="Bag")
    packet.set_text(MODEL, model)


def remove_labels(packet: XmpPacket, *, elsewhere: Collection[str] = ()) -> None:
    """Removes the labels of an earlier annotation, and what it noted of itself; people's keywords stay.

    Arguments and errors as for `set_labels`, whose opposite this is.
    """
    _exchange(packet, [], elsewhere)


def _exchange(packet: XmpPacket, texts: Sequence[str], elsewhere: Collection[str]) -> set[str]:
    """Replaces the labels of an earlier annotation, and removes its notes. Returns people's keywords."""
    earlier = added_labels(packet)
    theirs = {*keywords(packet, without=earlier), *elsewhere}
    ours = [label for label in earlier if label not in theirs]
    for field in FIELDS:
        if field is SUBJECT or packet.has(field.name):
            _replace(packet, field, ours, texts)
    for name in (MODEL, ADDED, FORMER_MODEL, FORMER_ADDED):
        packet.remove(name)
    return theirs


def _replace(packet: XmpPacket, field: KeywordField, ours: Sequence[str], labels: Sequence[str]) -> None:
    old, new = _forms(field, ours), dict.fromkeys(field.written(label) for label in labels)
    values = frozenset(packet.values(field.name))
    packet.change_items(
        field.name,
        removed=values & old,
        added=[text for text in new if text in old or text not in values],
        kind=field.kind,
    )


def _forms(field: KeywordField, labels: Collection[str]) -> set[str]:
    """The values of a field that are these labels; a program may have copied a label without its form."""
    return {*labels, *map(field.written, labels)}
