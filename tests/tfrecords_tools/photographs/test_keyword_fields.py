import time

import pytest

from tfrecords_tools.photographs.keyword_fields import (
    FIELDS,
    SUBJECT,
    added_labels,
    keywords,
    model_of,
    set_labels,
)
from tfrecords_tools.photographs.xmp import EMPTY, RDF, XmpPacket

FOREIGN = f"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}">
<rdf:Description rdf:about="" xmlns:lr="http://ns.adobe.com/lightroom/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:digiKam="http://www.digikam.org/ns/1.0/"
 xmlns:mp="http://ns.microsoft.com/photo/1.0">
 <dc:subject><rdf:Bag><rdf:li>holiday</rdf:li></rdf:Bag></dc:subject>
 <lr:hierarchicalSubject><rdf:Bag><rdf:li>places|beach</rdf:li></rdf:Bag></lr:hierarchicalSubject>
 <digiKam:TagsList><rdf:Seq><rdf:li>places/beach</rdf:li></rdf:Seq></digiKam:TagsList>
 <mp:LastKeywordXMP/>
</rdf:Description></rdf:RDF></x:xmpmeta>""".encode()
FORMER = FOREIGN.replace(
    b"</rdf:Description>",
    b"<m:model xmlns:m='urn:mmannot:1.0/'>old</m:model>"
    b"<m:keywords xmlns:m='urn:mmannot:1.0/'><rdf:Bag><rdf:li>sky</rdf:li></rdf:Bag></m:keywords>"
    b"</rdf:Description>",
).replace(b"<rdf:li>holiday</rdf:li>", b"<rdf:li>holiday</rdf:li><rdf:li>sky</rdf:li>")


def _annotated(content, *labels, model="m", elsewhere=()):
    packet = XmpPacket(content)
    set_labels(packet, labels, model, elsewhere=elsewhere)
    return packet.to_bytes()


def _values(content):
    packet = XmpPacket(content)
    return {str(field.name): packet.values(field.name) for field in FIELDS if packet.has(field.name)}


def test_a_new_packet_holds_the_labels_in_dc_subject_alone():
    content = _annotated(EMPTY, "boat", "sky & <sea>", "boat")
    assert _values(content) == {"dc:subject": ["boat", "sky & <sea>"]}
    assert model_of(XmpPacket(content)) == "m"


def test_each_field_that_exists_gets_the_labels_in_its_form():
    assert _values(_annotated(FOREIGN, "black/white", "a|b")) == {
        "dc:subject": ["holiday", "black/white", "a|b"],
        "lr:hierarchicalSubject": ["places|beach", "black/white", "a-b"],
        "digiKam:TagsList": ["places/beach", "black-white", "a|b"],
        "MicrosoftPhoto:LastKeywordXMP": ["black-white", "a|b"],
    }


def test_annotating_again_removes_the_earlier_labels_everywhere_and_no_others():
    once = _annotated(FOREIGN, "sky", "holiday", "black/white", "beach")
    assert added_labels(XmpPacket(once)) == ["sky", "black/white"]
    assert _values(_annotated(once, "tree", model="n")) == {
        "dc:subject": ["holiday", "beach", "tree"],
        "lr:hierarchicalSubject": ["places|beach", "holiday", "beach", "tree"],
        "digiKam:TagsList": ["places/beach", "holiday", "beach", "tree"],
        "MicrosoftPhoto:LastKeywordXMP": ["holiday", "beach", "tree"],
    }


def test_labels_that_a_program_copied_to_another_field_are_removed_there():
    once = _annotated(EMPTY, "black/white")
    copied = once.replace(
        b"</rdf:Description>",
        b"<t:TagsList xmlns:t='http://www.digikam.org/ns/1.0/'><rdf:Seq><rdf:li>black/white</rdf:li>"
        b"<rdf:li>own</rdf:li></rdf:Seq></t:TagsList></rdf:Description>",
    )
    assert _values(_annotated(copied, "sky")) == {"dc:subject": ["sky"], "digiKam:TagsList": ["own", "sky"]}


def test_the_same_annotation_again_changes_no_byte():
    once = _annotated(FOREIGN, "sky", "boat")
    assert _annotated(once, "sky", "boat") == once


def test_labels_of_a_person_elsewhere_are_not_ours():
    once = _annotated(EMPTY, "sky", "boat", elsewhere=["sky"])
    assert added_labels(XmpPacket(once)) == ["boat"]
    assert added_labels(XmpPacket(_annotated(once, "boat", elsewhere=["boat"]))) == []


@pytest.mark.slow
def test_many_labels_are_replaced_at_once():
    number = 20_000
    packet = XmpPacket(_annotated(EMPTY, *(f"label {index}" for index in range(number))))
    start = time.process_time()
    theirs = [f"label {index}" for index in range(0, number, 2)]
    set_labels(packet, [f"other {index}" for index in range(number)], "n", elsewhere=theirs)
    assert time.process_time() - start < 5  # seconds; each old label with each new one takes 10
    assert len(packet.values(SUBJECT.name)) == number + number // 2


@pytest.mark.parametrize("field", FIELDS[1:], ids=str)
def test_a_label_that_a_person_gives_later_stays(field):
    packet = XmpPacket(_annotated(EMPTY, "beach", "sea"))
    theirs = f"places{field.separator}beach" if field.separator else "beach"
    packet.change_items(field.name, removed=(), added=[theirs], kind=field.kind)
    twice = _annotated(packet.to_bytes(), "sky", model="n")
    # A value without levels may be a program's copy of the label, so it is no person's.
    kept, own = (["beach"], [theirs]) if field.separator else ([], [])
    assert XmpPacket(twice).values(SUBJECT.name) == [*kept, "sky"]
    assert XmpPacket(twice).values(field.name) == [*own, "sky"]
    assert added_labels(XmpPacket(twice)) == ["sky"]
    assert XmpPacket(_annotated(twice, "tree", model="o")).values(SUBJECT.name) == [*kept, "tree"]


def test_a_label_that_a_person_gives_the_photograph_later_stays():
    once = _annotated(EMPTY, "beach", "sea")
    twice = _annotated(once, "sky", model="n", elsewhere=["beach"])
    assert XmpPacket(twice).values(SUBJECT.name) == ["beach", "sky"]
    assert added_labels(XmpPacket(twice)) == ["sky"]


def test_the_former_names_are_read_and_replaced():
    assert model_of(XmpPacket(FORMER)) == ""
    assert keywords(XmpPacket(FORMER), without=added_labels(XmpPacket(FORMER))) == [
        "holiday",
        "places",
        "beach",
    ]
    content = _annotated(FORMER, "tree")
    assert _values(content)["dc:subject"] == ["holiday", "tree"]
    assert b"m:model" not in content and b"m:keywords" not in content


def test_words_of_people_are_all_levels_of_their_paths():
    content = _annotated(FOREIGN, "sky")
    assert keywords(XmpPacket(content), without=["sky"]) == ["holiday", "places", "beach"]


def test_control_characters_of_labels_are_replaced_and_found_again():
    once = _annotated(FOREIGN, "a\0b")
    assert _values(once)["dc:subject"] == ["holiday", "a\ufffdb"]
    assert _annotated(once, "a\0b") == once
    assert _values(_annotated(once))["dc:subject"] == ["holiday"]
